"""What setup.cfg cannot say: studies/ and figures/ go into the wheel, beside the modules."""

from setuptools import find_packages, setup

BUNDLED = {f"neuromodels._bundled.{folder}": folder for folder in ("studies", "figures")}

setup(
    packages=[*find_packages(include=["neuromodels", "neuromodels.*"]), *BUNDLED],
    package_dir=BUNDLED,
)
