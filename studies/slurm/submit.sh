#!/bin/bash
#SBATCH --job-name=neuromodels
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --output=neuromodels-%j.log
#SBATCH --signal=B:TERM@300
#
# Run a study over worker jobs. Submit it from the checkout, as it is or with options:
#
#   sbatch studies/slurm/submit.sh studies/pdlf_copy_grid.toml
#   sbatch studies/slurm/submit.sh studies/pdlf_copy_grid.toml --jobs 8 --cores 32 --queue NAME
#
# This job drives the search and needs one core; it submits the jobs with the workers itself.
# Five minutes before its time is over it stops; the same command goes on.
set -eu
cd "${SLURM_SUBMIT_DIR:-.}"
exec "${PYTHON:-.venv/bin/python}" studies/slurm/over_jobs.py "$@"
