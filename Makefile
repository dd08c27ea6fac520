# make book      the chapters, executed and rendered to _build/html
# make serve     the rendered book on this machine's own address, so that the model plays in its pages
# make test      every test, the chapters and the pages among them
# make quick     the tests of the core, in a minute
# make lint      format, lint and types of the code
# make lab       the chapters in JupyterLab
# make student   the chapters without solutions, with self-tests, and assignments, into _build/student
# make instructor  the chapters with solutions and guides, and assignments with tests, into _build/instructor
# make slides    slides from the chapters, into _build/slides
# make bench     speed beside other systems, as ratios of one run, into results/bench.json
# make robustness  what tries to break the package, in many more cases, counted, into results/robustness.json
# make mutants   the arithmetic changed in every way: do the tests notice? into results/mutants.json
# make record    every figure that is not of today's weights and songs, measured again into results/, and their summary
# make lock      requirements.lock once more, from requirements.txt
# All of them set up .venv on their first run and reuse it afterwards. With LOCKED=1 (`make LOCKED=1 test`) they use
# .venv/locked, into which nothing comes whose hash does not stand in requirements.lock.

# The first interpreter that runs and is new enough; `make PYTHON=/path/to/python3 book` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv$(if $(LOCKED),/locked)
BIN := $(VENV)/bin
READY := $(VENV)/.installed
HTML := _build/html

.PHONY: help book serve test pytest quick lint lab student instructor slides bench robustness mutants record lock clean repository
help:
	@sed -n 's/^# \(make .*\)/  \1/p' Makefile

# The stamp is newer than the lists of packages: nothing is installed a second time.
$(READY): requirements.txt pyproject.toml $(if $(LOCKED),requirements.lock)
	@test -n "$(PYTHON)" || { echo "bassnb needs Python 3.10 or newer;" \
		"install it, or name it: make PYTHON=/path/to/python3 book" >&2; exit 1; }
	@# What is installed already is not compared with its hash, so a locked environment begins empty.
	$(if $(LOCKED),@rm -rf $(VENV))
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV) || \
		{ $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install pip; } || \
		{ echo "Python came without venv; on Debian and Ubuntu install python3-venv, then run make again" >&2; exit 1; }
ifdef LOCKED
	@# Wheels only: building a package would run code and fetch tools that have no hash here.
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
else
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --editable .
endif
	@# librosa compiles at its first use; two processes at once can leave a broken cache, so one does it now.
	@$(BIN)/python -c "import librosa, numpy; y = numpy.sin(numpy.arange(22050) / 20); \
		librosa.piptrack(y=y, sr=22050), librosa.pyin(y, fmin=60, fmax=400, sr=22050), librosa.beat.beat_track(y=y)" \
		>/dev/null 2>&1 || true
	@touch $(READY)

# A chapter runs when it, a module that it can import, its data or a pinned version has changed, and not if `make test`
# ran it in this state already; see book/_extensions/chapter_state.py and cached_execution.py.
# Warnings are errors (-W), also about links that lead nowhere (-n); --keep-going shows all of them at once.
book: $(READY)
	$(BIN)/jupyter-book build --all -W -n --keep-going .
	@echo
	@echo "The book is ready. Open $(HTML)/index.html, or in a browser:"
	@echo "  file://$(CURDIR)/$(HTML)/index.html"
	@echo "With \`make serve\` the model plays in its pages, too."

# Browsers load modules and WebAssembly from servers only; this one answers nobody but this machine.
PORT ?= 8000
serve: $(READY)
	@test -f $(HTML)/index.html || { echo "the book is not built yet; run make book first" >&2; exit 1; }
	@echo "The book: http://127.0.0.1:$(PORT)/book/studio.html (Ctrl-C ends)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(HTML) $(PORT) >/dev/null 2>&1 || \
		{ echo "port $(PORT) is taken; try make PORT=8123 serve" >&2; exit 1; }

# One process for each core, with one thread: more of them only share the caches. A file stays in one of them, with what its
# tests share. The chapters come first, because the tests of the pages need them, then what takes longest; tests/conftest.py
# has the order. Types are checked beside.
WORKERS := $(shell $(PYTHON) -c 'import os; print(max(2, min(8, os.cpu_count() or 1)))')
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist=loadfile --no-loadscope-reorder
test:
	$(MAKE) --no-print-directory --jobs=2 lint pytest

pytest: $(READY)
	$(PYTEST) --nbval-lax --nbval-current-env --nbval-cell-timeout=120 book tests $(ARGS)

# What changes with every line of the model code: the modules directly under bassnb, and the project as a project. Left out
# are the folders of tests/ (rooms of the package, robustness, book) and what is marked as slow; pyproject.toml has the marks.
quick: $(READY)
	$(PYTEST) -m "not slow and not songs and not browser" tests/test_*.py $(ARGS)

# The rules are in pyproject.toml; `ruff check --fix` and `ruff format` mend most of it.
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(READY)
	$(BIN)/jupyter lab --notebook-dir=. book/00_listen_first.ipynb

# Editions for a class; `python -m teaching grade SUBMISSIONS` marks the assignments. Slides need the executed chapters.
student instructor slides: $(READY)
	$(BIN)/python -m teaching $@

# What was made with other weights or songs than today's, two at a time on two cores: some three and a half hours for everything. It goes on
# from where it was stopped. `make record ARGS="match 05_ddim"` takes a study and a chapter, ARGS=--list says what there is to do.
record: $(READY)
	PYTHON=$(BIN)/python sh book/foreign_basses.sh
	$(BIN)/python -m benchmarks.record $(ARGS)
	$(BIN)/bassnb evaluate summary --into README.md

# Ten minutes on two CPU cores that do nothing else. The systems beside which we are measured lie in a folder of their own,
# without their dependencies: they change no version in .venv, and nothing else sees them; see benchmarks/requirements.txt.
PEERS := .venv/peers
$(PEERS)/.installed: benchmarks/requirements.txt | $(READY)
	rm -rf $(PEERS)
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps --target $(PEERS) -r benchmarks/requirements.txt && \
		touch $@ || echo "The other systems could not be installed; they are left out." >&2

bench: $(PEERS)/.installed
	PYTHONPATH=$(PEERS) $(BIN)/python -m benchmarks $(ARGS)

# Half an hour, and two minutes.
robustness mutants: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/robustness/requirements.txt
	$(BIN)/python -m tests.robustness$(if $(filter mutants,$@),.mutants) $(ARGS)
	$(BIN)/bassnb evaluate summary --into README.md

# The pins and everything that they bring, for Python 3.11 and later on every system, with the hashes of all their files.
# What the lock names already keeps its version while the pins allow it: `make lock ARGS=--upgrade` takes the newest of all.
lock:
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; $(PYTHON) -m venv "$$work/venv"; \
	"$$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9; \
	test ! -f requirements.lock || cp requirements.lock "$$work/packages"; \
	"$$work/venv/bin/uv" --quiet --no-config pip compile --universal --python-version 3.11 --generate-hashes --no-build \
		--no-header --no-emit-index-url --no-emit-find-links $(ARGS) \
		--output-file "$$work/packages" requirements.txt >/dev/null; \
	{ echo "# Made from requirements.txt by \`make lock\`; do not edit."; \
	echo "# Every package that it brings, for CPython 3.11 (markers say what differs in later versions and on other systems; Python"; \
	echo "# 3.10 needs other versions and has no lock), with the hashes of all files of its version. Install it with"; \
	echo "# \`make LOCKED=1 book\` or \`make LOCKED=1 test\`, or into an environment of yours:"; \
	echo "#     pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock"; \
	cat "$$work/packages"; } >requirements.lock

# Only what make made; the environment stays.
clean:
	rm -rf _build _quick .pytest_cache build *.egg-info

# For publishing a copy: make repository URL=https://github.com/you/bassnb
# Every page takes the address from _config.yml; a chapter on Colab has only itself, so the address stands there too. The site
# of the book, to which the first line of README.md leads, is the repository's on GitHub Pages; SITE=... names another.
SITE ?= $(shell echo "$(URL)" | sed 's|^https://[^/]*/\([^/]*\)/\([^/]*\)$$|https://\1.github.io/\2/|')
repository:
	@test -n "$(URL)" || { echo "say which address: make repository URL=https://github.com/you/bassnb" >&2; exit 1; }
	@old=$$(sed -n 's|^  url: *||p' _config.yml); \
	for file in _config.yml README.md CONTRIBUTING.md CHANGELOG.md pyproject.toml .github/ISSUE_TEMPLATE/config.yml book/*.ipynb; do \
		sed -e "s|$$old|$(URL)|g" -e 's|^Documentation = .*|Documentation = "$(SITE)"|' \
			-e 's|^\(\*\*\[Read the book\](\)[^)]*|\1$(SITE)|' $$file >$$file.new && cat $$file.new >$$file && rm $$file.new; done
