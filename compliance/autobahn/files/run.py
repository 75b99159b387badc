# Runs wstest from the packages beside this directory, before any others.
import os
import sys
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "packages"))

# One module of the suite imports autobahn's own tests, and these unittest2:
# which is Python 2.7's unittest for older Pythons.
sys.modules["unittest2"] = unittest

from autobahntestsuite.wstest import run

sys.argv[0] = "wstest"
run()
