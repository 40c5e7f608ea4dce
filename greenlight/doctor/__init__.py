"""Look at everything that the work depends on, and say what is wrong and what to do; nothing is paid."""
