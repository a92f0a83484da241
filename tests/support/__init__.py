"""What tests share: builders, engines, samples."""
