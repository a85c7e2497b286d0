-- What was accepted and is no more, by when that became known: few rows of many, and the list of corrections reads them in order.
CREATE INDEX claim_version_ended ON claim_version (known_until, development_id)
    WHERE bearing = 'accepted' AND known_until < 9223372036854775807;
