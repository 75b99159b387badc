#!/bin/sh
# wstest of the Autobahn test suite, installed by "wscheck autobahn -install". It listens on
# loopback only; see sitecustomize.py.
PYTHONPATH=@LIB@ exec @PYTHON@ -s -W ignore @LIB@/run.py "$@"
