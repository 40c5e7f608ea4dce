"""Take in what S3 says about new objects: read its messages, batch them, hand the batches over."""
