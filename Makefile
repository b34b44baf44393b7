# Two commands do everything on a fresh machine: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SYSTEM_PACKAGES := tesseract-ocr tesseract-ocr-eng tesseract-ocr-chi-sim tesseract-ocr-fra tesseract-ocr-jpn \
	tesseract-ocr-heb tesseract-ocr-ara poppler-utils chromium ffmpeg \
	fonts-noto-cjk fonts-wqy-zenhei fonts-wqy-microhei fonts-arphic-uming \
	fonts-liberation fonts-dejavu fonts-freefont-ttf $(NODE)
# Node checks and bundles the explorer's modules; one from elsewhere may not stand beside Debian's.
NODE = $(if $(shell command -v npm),,nodejs npm)
# What the bundled model was trained on and tested with; synthetic lines use whatever fonts there are.
FONT_PACKAGES := fonts-noto-cjk fonts-noto-cjk-extra fonts-noto-core fonts-noto-mono fonts-wqy-zenhei fonts-wqy-microhei \
	fonts-arphic-uming fonts-arphic-ukai fonts-arphic-gbsn00lp fonts-arphic-gkai00mp fonts-hanazono fonts-droid-fallback \
	fonts-liberation fonts-dejavu fonts-dejavu-extra fonts-freefont-ttf fonts-urw-base35 fonts-crosextra-carlito \
	fonts-crosextra-caladea fonts-ebgaramond fonts-lato fonts-roboto-unhinted fonts-hack fonts-inconsolata \
	fonts-linuxlibertine fonts-open-sans fonts-cantarell

.PHONY: demo test test-plain-cpu test-newest test-oldest environment-newest environment-oldest update test-system \
	test-originals fonts lint lint-explorer types format explorer bench train-bundled crnn-vs-cnn claims clean

$(BIN)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt -e .
	touch $@

$(BIN)/.installed-test: $(BIN)/.installed
	$(PIP) install -q -c constraints.txt -e '.[test]'
	touch $@

demo: $(BIN)/.installed
	mkdir -p out
	$(BIN)/gateviz demo -o out/demo.png

# One thread a worker: networks as small as those of tests gain nothing from more, and two workers would wait for each other.
# Each begins with half of the files, so that what a file keeps for its tests is made once. A test that hangs for ten minutes says where, and fails, instead of holding up all others for ever.
HANGS := -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true
test: $(BIN)/.installed-test lint types
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal $(HANGS)

# The tests that compare numbers, once more as an old processor computes them: sums in another order show what is this
# machine's habit and no property of a network.
PLAIN_CPU := ONEDNN_MAX_CPU_ISA=SSE41 ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE
PLAIN_CPU_TESTS := tests/networks tests/capture/test_engines.py tests/capture/test_recorder.py tests/capture/test_held_rows.py \
	tests/capture/test_witness.py tests/training/test_trainer.py tests/training/test_gate_watch.py \
	tests/studies/ablate/test_ablation.py tests/adapters
PLAIN_CPU_WORDS := numbers or same or weights or witness or trace or bit or held or resumed or copies
test-plain-cpu: $(BIN)/.installed-test
	$(PLAIN_CPU) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 $(PLAIN_CPU_TESTS) -k "$(PLAIN_CPU_WORDS)"

# The newest and the oldest packages that pyproject.toml allows, beside the torch that constraints.txt pins; each in an
# environment of its own, made anew. TESTS takes paths and options of pytest; without it all tests run.
SET_newest := torch
SET_oldest := oldest
environment-newest environment-oldest: environment-%:
	rm -rf .venv-$*
	$(PYTHON) -m venv .venv-$*
	$(PYTHON) .ci/packages.py $(SET_$*) > .venv-$*/constraints.txt
	.venv-$*/bin/python -m pip --disable-pip-version-check install -q -c .venv-$*/constraints.txt -e '.[test]'

test-newest test-oldest: test-%: environment-%
	@OMP_NUM_THREADS=1 .venv-$*/bin/python -m pytest -q -n 2 -p no:cacheprovider --junitxml .venv-$*/results.xml $(TESTS); \
		failed=$$?; .venv-$*/bin/python .ci/packages.py report test-$* .venv-$*/results.xml; exit $$failed

# The known-good set anew, from the newest packages: run the tests before it is kept.
update: environment-newest
	.venv-newest/bin/python .ci/packages.py known-good > .venv-newest/known-good.txt
	cp .venv-newest/known-good.txt constraints.txt

# The originals of lineages, from PyPI, run live beside gateviz: one environment each, as they do not share its pins (6 GB).
ORIGINAL_doctr := python-doctr==1.1.0
ORIGINAL_easyocr := easyocr==1.7.2
ORIGINAL_kraken := kraken==7.1.1

test-originals: test-original-doctr test-original-easyocr test-original-kraken

.PRECIOUS: .venv-originals/%/.installed
.venv-originals/%/.installed: pyproject.toml constraints.txt
	test -x .venv-originals/$*/bin/python || $(PYTHON) -m venv .venv-originals/$*
	$(PYTHON) .ci/packages.py torch > .venv-originals/$*/constraints.txt
	.venv-originals/$*/bin/python -m pip --disable-pip-version-check install -q -c .venv-originals/$*/constraints.txt \
		-e . 'beartype>=0.20' 'hypothesis>=6.100' 'pytest>=8.2' $(ORIGINAL_$*)
	touch $@

# A comparison that skips here has not been made, and fails.
test-original-%: .venv-originals/%/.installed
	GATEVIZ_NO_ORIGINAL_SKIPS=1 OMP_NUM_THREADS=2 .venv-originals/$*/bin/python -m pytest -q -rs \
		-p no:cacheprovider -m original tests/adapters/test_$*.py

lint: $(BIN)/.installed-test lint-explorer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The explorer's modules are checked and bundled where Node is; whoever changes none of them never needs it.
NODE_PACKAGES := node_modules/.package-lock.json
$(NODE_PACKAGES): package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

lint-explorer:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE_PACKAGES) && npm run --silent lint; \
	elif [ -n "$$GATEVIZ_NO_SYSTEM_SKIPS" ]; then echo "the explorer's modules cannot be checked: npm is missing"; exit 1; \
	else echo "the explorer's modules are not checked here: that takes nodejs and npm (make test-system)"; fi

# The file that notebook and HTML page load, from the modules.
explorer: $(NODE_PACKAGES)
	npm run --silent build

types: $(BIN)/.installed-test
	$(BIN)/mypy

format: $(BIN)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE_PACKAGES) && npm run --silent format; fi

# $(call debian,PACKAGES): install Debian's packages, or say which ones to install by hand.
define debian
	@if command -v apt-get >/dev/null; then \
		sudo=$$(command -v sudo || true); [ "$$(id -u)" = 0 ] && sudo=; \
		$$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $(1); \
	else echo "make $@ knows Debian's packages only: install $(1) by hand"; fi
endef

# System packages that some tests need; without them those tests skip and say which package is missing.
test-system:
	$(call debian,$(SYSTEM_PACKAGES))

fonts: $(BIN)/.installed-test
	$(call debian,$(FONT_PACKAGES))
	$(BIN)/python tools/web_fonts.py

bench: $(BIN)/.installed-test
	$(BIN)/python -m benchmarks

# A day on two cores; docs/training.md has the recipe. A run that is there is gone on with.
BUNDLED_RUN ?= runs/bundled
train-bundled: $(BIN)/.installed-test
	if test -e $(BUNDLED_RUN)/last.pt; then $(BIN)/gateviz train -o $(BUNDLED_RUN) --resume; else \
	$(BIN)/gateviz train -o $(BUNDLED_RUN) --alphabet bundled \
		--script latin=0.42,chinese=0.28,mixed=0.19,number=0.07,uniform=0.04 --longest 30 --long-share 0.1 \
		--widen 1.25 --steps 60000 --rate 2.5e-3 --validate-every 500 --half $(TRAIN_OPTIONS); fi

# What the LSTM is good for: three trainings and their readings, in docs/crnn-vs-cnn.md; under half an hour on two cores.
crnn-vs-cnn: $(BIN)/.installed-test
	$(BIN)/python -m benchmarks crnn-vs-cnn

# What write-ups tell about gates, tested on three models: docs/claims.md; a quarter of an hour on two cores.
claims: $(BIN)/.installed-test
	$(BIN)/python -m benchmarks claims

clean:
	rm -rf $(VENV) .venv-originals .venv-newest .venv-oldest node_modules build dist *.egg-info
