"""Groups of commands of `bassnb`, and the options that they share."""
