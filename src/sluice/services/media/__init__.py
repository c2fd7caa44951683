"""Files that go with questions: uploaded, or fetched from an address; pictures and texts."""
