"""The data pipeline that is rehearsed: messy workbooks in, one refined dataset out."""
