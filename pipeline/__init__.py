"""The pipeline behind the Resource–Security Bargains dataset."""
