"""What other people's tools speak: OGC API - Features, Memento, CloudEvents, feeds, webhooks. Each room is one standard."""
