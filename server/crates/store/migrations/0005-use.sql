-- What requests to models used on a day, counted in days since 1970; cost in billionths of a US
-- dollar.
CREATE TABLE use_of_day (
    day INTEGER PRIMARY KEY,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    cache_written INTEGER NOT NULL,
    cost INTEGER NOT NULL
) STRICT;
