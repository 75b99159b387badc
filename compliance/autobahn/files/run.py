# Runs wstest. The packages of this installation come before any others.
import os
import sys
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "packages"))

# One module of the suite imports autobahn's own tests, which import unittest2, the
# unittest of Python 2.7 for older versions.
sys.modules["unittest2"] = unittest

from autobahntestsuite.wstest import run

sys.argv[0] = "wstest"
run()
