-- Bytes that differ from others of the session in one place only: they are those of `base`, with
-- `bytes` in place of what stands from `first` to `last`. Whole ones have no base.
ALTER TABLE blobs ADD COLUMN base TEXT;
ALTER TABLE blobs ADD COLUMN first INTEGER;
ALTER TABLE blobs ADD COLUMN last INTEGER;

-- The hashes of the texts that a weave is of, as a JSON list.
ALTER TABLE weaves ADD COLUMN texts TEXT NOT NULL DEFAULT '[]';
UPDATE weaves SET texts = json_array(json_extract(CAST(weave AS TEXT), '$.text'))
WHERE json_valid(CAST(weave AS TEXT)) AND json_extract(CAST(weave AS TEXT), '$.text') IS NOT NULL;
