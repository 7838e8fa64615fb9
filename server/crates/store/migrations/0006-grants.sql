-- How often the user granted the budget of a day once more.
ALTER TABLE use_of_day ADD COLUMN granted INTEGER NOT NULL DEFAULT 0;
