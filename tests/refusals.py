"""What a refusal has to be, however it is worded."""


def assert_sentence(text, *named):
    """One line for a person: some words, no trace, and in it what was refused or what is allowed,
    where a test says so.
    """
    text = str(text).strip()
    assert "\n" not in text and "Traceback" not in text, text
    words = [word for word in text.split() if len(word) < 200]  # what was given may be long
    assert 4 <= len(words) and len(" ".join(words)) < 700, text
    for name in named:
        assert str(name) in text, f"{name} is not in: {text}"
