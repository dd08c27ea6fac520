"""The engines of the synthesizer: each turns the parameters of a patch and one tone into sound."""
