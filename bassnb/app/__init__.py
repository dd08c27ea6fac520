"""A page in the browser with every control of `bassnb accompany`, made with Gradio: on your own
machine, as a Space of Hugging Face, and as an effect in HARP, a host for audio workstations.

>>> from bassnb import Accompanist                                             # doctest: +SKIP
>>> from bassnb.app.page import make_app                                       # doctest: +SKIP
>>> make_app(Accompanist.from_pretrained()).launch()                           # doctest: +SKIP

Only `page` needs Gradio.
"""
