"""REST: routes that parse, ask and render. No rule and no SQL lives here."""
