-- How many times more the user granted the budget of a day.
ALTER TABLE use_of_day ADD COLUMN granted INTEGER NOT NULL DEFAULT 0;
