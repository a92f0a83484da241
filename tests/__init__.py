"""The tests of aftersales."""
