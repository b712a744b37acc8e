# The two commands of the README: `make release` and `make test`. Beside them `make outside`, which has the release (or
# RELEASE=folder) judged by tools of others, and DVC asked for old versions from an S3 server on loopback, and
# `make benchmarks`; both have environments of their own below build/.
PYTHON ?= python3
RELEASE ?= data/release
BIN := .venv/bin
export DVC_NO_ANALYTICS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: release test outside benchmarks trials clean

release: .venv/ready
	$(BIN)/rsb run

test: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

outside: build/validators/ready build/citation/ready build/remote/ready
	build/validators/bin/python outside/check.py $(RELEASE)
	build/validators/bin/python outside/recipes.py $(RELEASE)
	build/citation/bin/cffconvert --validate --infile $(RELEASE)/CITATION.cff
	build/remote/bin/python -m pytest --noconftest tests/test_dvc_remote.py

benchmarks: .venv/ready build/validators/ready build/spacy/ready
	for script in diff extraction release validation; do $(BIN)/python benchmarks/$$script.py || exit 1; done

# Hours: small faults in the code and in a release, and killed runs.
trials: .venv/ready
	for script in forgeries faults mutants; do $(BIN)/python benchmarks/$$script.py || exit 1; done

.PRECIOUS: build/%/ready
build/%/ready: outside/%.lock outside/build.lock
	$(PYTHON) -m venv --clear build/$*
	build/$*/bin/python -m pip install --quiet --require-hashes --requirement outside/build.lock
	build/$*/bin/python -m pip install --quiet --require-hashes --no-build-isolation --requirement $<
	touch $@

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf .venv build data/interim data/release
