"""A Brian2 network becomes statements: what Brian2 would run, recorded and translated."""
