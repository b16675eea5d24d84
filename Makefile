# One verb each; the work is done by ops/setup/environment.py with any Python 3.11 or newer.
# Paths stay relative, so that a checkout may live under a path with spaces.
.POSIX:
.SUFFIXES:
.PHONY: help setup run test check bench lock

PYTHON ?=
ARGS ?=

environment = \
	for python in "$(PYTHON)" python3.11 python3.12 python3.13 python3.14 python3; do \
	  [ -n "$$python" ] || continue; \
	  "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' \
	    >/dev/null 2>&1 && exec "$$python" ops/setup/environment.py $(1); \
	  [ -z "$(PYTHON)" ] || break; \
	done; \
	echo "Ballast needs Python 3.11 or newer with its venv module, and $(if $(PYTHON),$(PYTHON) is not that,none was found on PATH): install one (Debian: apt-get install python3.11 python3.11-venv) or name one with 'make PYTHON=/path/to/python3'." >&2; \
	exit 1

help:
	@echo "make run     set up what is missing, then paper trade (Ctrl-C ends with the proof card)"
	@echo "make test    set up what is missing, then run every test"
	@echo "make check   ruff, mypy, house tests, coverage floors"
	@echo "make bench   measure, each figure beside a reference loop of the same run"
	@echo "make setup   build .venv only (about 140 MB to download)"
	@echo "make lock    resolve requirements/*.lock anew"
	@echo "Add PYTHON=/path/to/python3 to choose the interpreter, ARGS='...' for more arguments."

setup:
	@$(call environment,setup)

run:
	@$(call environment,run $(ARGS))

test:
	@$(call environment,test $(ARGS))

check:
	@$(call environment,check $(ARGS))

bench:
	@$(call environment,bench $(ARGS))

lock:
	@$(call environment,lock)
