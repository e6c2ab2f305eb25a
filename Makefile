# `make` lists the targets. Whatever is missing is set up first, inside this folder only.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
VECTORS ?= tests/host/vectors/sts_vectors.json
# What takes long: whole benches, browsers, boards, pip, every board's wiring and machine code.
SLOW := $(wildcard $(addprefix tests/host/test_,answers.py batch_files.py bus_command.py meter_malignant.py meter_modbus_fuzz.py \
	meter_power_cuts.py meter_profile.py bench_*.py browser_*.py cli_*.py boards_*.py \
	collector_*.py deploy.py device_provisioning.py engineering_*.py explain_command.py keys_*.py lab_browser.py \
	ledger*.py linked_checks.py linking.py orders_*.py ports_gone.py meter_board.py meter_calibrate.py meter_home.py meter_page.py meter_selftest.py meter_upgrade.py \
	people_*.py receipt_*.py recovery.py registry_*.py station_backup.py \
	station_broker.py station_db.py station_doctor.py station_exchange.py station_link.py station_people.py \
	station_together.py station_wire.py storage_*.py storm.py sts_flips.py sts_machine_code.py sts_package.py sts_pip.py tariff_properties.py \
	tariff_versions.py tariff_web.py tills.py vending_c*.py vending_v*.py web_*.py))
export PYTHONDONTWRITEBYTECODE = 1

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup  ## Start the bench in the browser; options: ARGS="--meters 5 --speed 60"
	@$(BIN)/tjugo bench $(ARGS)

test: setup-dev  ## Run the tests; options of pytest: ARGS="-k decoder"
	@own=$$(mktemp -d) && trap 'rm -rf "$$own"' EXIT && \
	HOME=$$own TMPDIR=$$own $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not long" $(ARGS)

check: setup-dev  ## Check style and types and run the fast tests, in under two minutes
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@own=$$(mktemp -d) && trap 'rm -rf "$$own"' EXIT && \
	HOME=$$own TMPDIR=$$own $(BIN)/pytest -q -n 2 --dist loadfile -m "not long" tests/host $(SLOW:%=--ignore=%) $(ARGS)

test-device: setup-dev  ## Run the device tests; DEVICE=qemu (default), pico, or a serial port
	@DEVICE=$(or $(DEVICE),qemu) $(BIN)/pytest $(if $(filter-out qemu,$(DEVICE)),,-n 2 --dist loadfile) tests/device $(ARGS)

test-device-kills: setup-dev  ## Cut the emulated board's power 200 times while tokens are entered
	@$(BIN)/python -u tests/device/kills.py --kills 200 $(ARGS)

test-device-hour: setup-dev  ## Poll a meter on the emulated board for an hour and count the replies
	@$(BIN)/python -u tests/device/endurance.py --minutes 60 $(ARGS)

test-device-pico-hour: setup-dev  ## Use all of an emulated Pico's parts for an hour of its clock
	@$(BIN)/python -u tests/device/pico/hour.py --minutes 60 $(ARGS)

emulate: setup-dev  ## Run an emulated board to deploy to; prints its ports, Ctrl-C ends it
	@$(BIN)/tjugo emulate $(ARGS)

deploy: setup  ## Deploy firmware to a board: BOARD=rp2040_pico ROLE=meter PORT=/dev/ttyACM0
	@$(BIN)/tjugo deploy --board "$(BOARD)" --role "$(ROLE)" --port "$(PORT)"

image: setup-dev  ## Build an image with the firmware frozen in: BOARD=rp2040_pico ROLE=meter
	@$(BIN)/tjugo image --board "$(BOARD)" --role "$(ROLE)"

provision: setup  ## Write a board's settings: PORT=/dev/ttyACM0 DRN=01000000016 ARGS="--address 1"
	@$(BIN)/tjugo provision "$(PORT)" $(if $(DRN),--drn $(DRN)) $(ARGS)

soak: setup-dev  ## Run the long tests and the property tests with many examples, then the bench
	@TJUGO_EXAMPLES=20 $(BIN)/pytest -q -n 2 --dist loadfile -m "hypothesis or long" tests/host
	@$(BIN)/tjugo soak $(ARGS)

storm: setup-dev  ## Kill the server 50 times under 32 clients on either database; ARGS="--kills 10"
	@$(BIN)/python -u tests/host/storm.py $(ARGS)

benchmark: setup-dev  ## Run the benchmarks, print a table, write build/benchmarks.json
	@$(BIN)/tjugo benchmark $(ARGS)

benchmark-large: setup-dev  ## Measure with 1,000,000 meters and 5,000,000 sales; ARGS="--database sqlite"
	@$(BIN)/python -m tjugo.benchmarks.large $(ARGS)

vectors: setup  ## Check STS against the vectors, on CPython and on MicroPython
	@$(BIN)/tjugo vectors $(VECTORS) --on cpython
	@$(BIN)/tjugo vectors $(VECTORS) --on micropython

lint: setup-dev  ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/tjugo stubs

fmt: setup-dev  ## Format the code and fix what can be fixed automatically
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

dist: setup-dev  ## Build the wheel and the sdist of sts_portable alone in build/dist
	@$(BIN)/python tools/dist.py build/dist

clean:  ## Remove build results and installed packages; keep downloads and data of station and bench
	@rm -rf .venv *.egg-info host/*.egg-info
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name cache ! -name state ! -name bench -exec rm -rf {} +

setup:
	@tools/setup.sh requirements.txt

setup-dev:
	@tools/setup.sh requirements-dev.txt

.PHONY: help run test test-device test-device-kills test-device-hour test-device-pico-hour emulate deploy provision soak storm benchmark benchmark-large check vectors lint fmt dist clean setup setup-dev
