"""The publications that rules, neurons, tasks and optimizers refer to; each is declared once.

A reference such as ``"Oja 1982, J Math Biol 15:267"`` finds its publication by the first author and
the year, or by an arXiv id or DOI in it. Articles in journals stand in a module of their own.
"""

from neuromodels.report.citations.articles import ARTICLES
from neuromodels.report.citations.publication import Publication

IN_PROCEEDINGS = (
    Publication(
        "Confavreux, Basile and Zenke, Friedemann and Agnes, Everton J. and Lillicrap, Timothy and"
        " Vogels, Tim P.",
        2020,
        "A meta-learning approach to (re)discover plasticity rules that carve a desired function"
        " into a neural network",
        "Advances in Neural Information Processing Systems",
        "33",
        doi="10.1101/2020.10.24.353409",
        kind="inproceedings",
    ),
    Publication(
        "Confavreux, Basile and Ramesh, Poornima and Gonçalves, Pedro J. and Macke, Jakob H. and"
        " Vogels, Tim P.",
        2023,
        "Meta-learning families of plasticity rules in recurrent spiking networks using"
        " simulation-based inference",
        "Advances in Neural Information Processing Systems",
        "36",
        url="https://openreview.net/forum?id=FLFasCFJNo",
        kind="inproceedings",
    ),
    Publication(
        "Hellwig, Michael and Beyer, Hans-Georg",
        2016,
        "Evolution under strong noise: a self-adaptive evolution strategy can reach the lower"
        " performance bound - the pcCMSA-ES",
        "Parallel Problem Solving from Nature, PPSN XIV",
        doi="10.1007/978-3-319-45823-6_3",
        pages="26--36",
        kind="inproceedings",
    ),
    Publication(
        "Kennedy, James and Eberhart, Russell",
        1995,
        "Particle swarm optimization",
        "Proceedings of ICNN'95, International Conference on Neural Networks",
        "4",
        "1942--1948",
        doi="10.1109/ICNN.1995.488968",
        kind="inproceedings",
    ),
    Publication(
        "Mehta, Yash and Tyulmankov, Danil and Rajagopalan, Adithya E. and Turner, Glenn C. and"
        " Fitzgerald, James E. and Funke, Jan",
        2024,
        "Model based inference of synaptic plasticity rules",
        "Advances in Neural Information Processing Systems",
        "37",
        doi="10.1101/2023.12.11.571103",
        kind="inproceedings",
    ),
    Publication(
        "Miconi, Thomas and Clune, Jeff and Stanley, Kenneth O.",
        2018,
        "Differentiable plasticity: training plastic neural networks with backpropagation",
        "International Conference on Machine Learning",
        arxiv="1804.02464",
        kind="inproceedings",
    ),
    Publication(
        "Miconi, Thomas and Rawal, Aditya and Clune, Jeff and Stanley, Kenneth O.",
        2019,
        "Backpropamine: training self-modifying neural networks with differentiable"
        " neuromodulated plasticity",
        "International Conference on Learning Representations",
        arxiv="2002.10585",
        kind="inproceedings",
    ),
    Publication(
        "Ravichandran, Naresh and Lansner, Anders and Herman, Pawel",
        2023,
        "Spiking neural networks with Hebbian plasticity for unsupervised representation learning",
        "European Symposium on Artificial Neural Networks",
        arxiv="2305.03866",
        kind="inproceedings",
    ),
    Publication(
        "Ros, Raymond and Hansen, Nikolaus",
        2008,
        "A simple modification in CMA-ES achieving linear time and space complexity",
        "Parallel Problem Solving from Nature, PPSN X",
        pages="296--305",
        doi="10.1007/978-3-540-87700-4_30",
        kind="inproceedings",
    ),
    Publication(
        "Todorov, Emanuel and Erez, Tom and Tassa, Yuval",
        2012,
        "MuJoCo: a physics engine for model-based control",
        "IEEE/RSJ International Conference on Intelligent Robots and Systems",
        pages="5026--5033",
        doi="10.1109/IROS.2012.6386109",
        kind="inproceedings",
    ),
)

OTHERS = (
    Publication(
        "Cho, Kyunghyun and van Merriënboer, Bart and Gulcehre, Caglar and Bahdanau, Dzmitry and"
        " Bougares, Fethi and Schwenk, Holger and Bengio, Yoshua",
        2014,
        "Learning phrase representations using RNN encoder-decoder for statistical machine"
        " translation",
        arxiv="1406.1078",
        kind="misc",
    ),
    Publication(
        "Florian, Razvan V.",
        2007,
        "Correct equations for the dynamics of the cart-pole system",
        "Center for Cognitive and Neural Studies",
        url="https://coneural.org/florian/papers/05_cart_pole.pdf",
        kind="techreport",
    ),
    Publication(
        "Han, Bing and Zhao, Feifei and Zeng, Yi and Shen, Guobin",
        2022,
        "Developmental plasticity-inspired adaptive pruning for deep spiking and artificial neural"
        " networks",
        arxiv="2211.12714",
        kind="misc",
    ),
    Publication(
        "Hansen, Nikolaus",
        2016,
        "The CMA evolution strategy: a tutorial",
        arxiv="1604.00772",
        kind="misc",
    ),
    Publication(
        "Hansen, Nikolaus and Akimoto, Youhei and Baudis, Petr",
        2019,
        "CMA-ES/pycma",
        doi="10.5281/zenodo.2559634",
        kind="misc",
    ),
    Publication(
        "Liu, Yuzhe and Deng, Xin and Yu, Qiang",
        2025,
        "Multi-plasticity synergy with adaptive mechanism assignment for training spiking neural"
        " networks",
        arxiv="2508.13673",
        kind="misc",
    ),
    Publication(
        "Molano-Mazón, Manuel and Barbosa, Joao and others",
        2022,
        "NeuroGym: an open resource for developing and sharing neuroscience tasks",
        doi="10.31234/osf.io/aqc9n",
        kind="misc",
    ),
    Publication(
        "Murray, Richard M. and Li, Zexiang and Sastry, S. Shankar",
        1994,
        "A Mathematical Introduction to Robotic Manipulation",
        "CRC Press",
        doi="10.1201/9781315136370",
        kind="book",
    ),
    Publication(
        "Shen, Jiangrong and Ni, Wenyao and Xu, Qi and Pan, Gang and Tang, Huajin",
        2024,
        "Context gating in spiking neural networks: achieving lifelong learning through integration"
        " of local and global plasticity",
        arxiv="2406.01883",
        kind="misc",
    ),
    Publication(
        "Salimans, Tim and Ho, Jonathan and Chen, Xi and Sidor, Szymon and Sutskever, Ilya",
        2017,
        "Evolution strategies as a scalable alternative to reinforcement learning",
        arxiv="1703.03864",
        kind="misc",
    ),
    Publication(
        "Schmidgall, Samuel",
        2020,
        "Adaptive reinforcement learning through evolving self-modifying neural networks",
        arxiv="2006.05832",
        kind="misc",
    ),
    Publication(
        "Shen, Guobin and Zhao, Dongcheng and Dong, Yiting and Li, Yang and Zhao, Feifei and"
        " Zeng, Yi",
        2023,
        "Learning the plasticity: plasticity-driven learning framework in spiking neural networks",
        arxiv="2308.12063",
        kind="misc",
    ),
    Publication(
        "Towers, Mark and Kwiatkowski, Ariel and Terry, Jordan and others",
        2024,
        "Gymnasium: a standard interface for reinforcement learning environments",
        arxiv="2407.17032",
        kind="misc",
    ),
)

PUBLICATIONS = (*ARTICLES, *IN_PROCEEDINGS, *OTHERS)
