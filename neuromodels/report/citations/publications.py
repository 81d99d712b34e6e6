"""The publications that rules, neurons, tasks and optimizers refer to; each is declared once.

A reference such as ``"Oja 1982, J Math Biol 15:267"`` finds its publication by the first author and
the year, or by an arXiv id or DOI in it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Publication:
    """A publication as BibTeX has it; at least one of `doi`, `arxiv` and `url` leads to it.

    Parameters
    ----------
    author
        All authors, ``"Oja, Erkki and ..."``.
    place
        The journal, the proceedings or the publisher; empty of a preprint.
    volume, pages
        Within the place.
    doi, arxiv, url
        Where it is found. `doi` may be that of a preprint where the proceedings have none.
    kind
        BibTeX's word for it.
    """

    author: str
    year: int
    title: str
    place: str = ""
    volume: str = ""
    pages: str = ""
    doi: str = ""
    arxiv: str = ""
    url: str = ""
    kind: str = "article"

    @property
    def surname(self) -> str:
        """The first author's."""
        return self.author.partition(",")[0]


ARTICLES = (
    Publication(
        "Barto, Andrew G. and Sutton, Richard S. and Anderson, Charles W.",
        1983,
        "Neuronlike adaptive elements that can solve difficult learning control problems",
        "IEEE Transactions on Systems, Man, and Cybernetics",
        "SMC-13",
        "834--846",
        doi="10.1109/TSMC.1983.6313077",
    ),
    Publication(
        "Becker, Leif E. and Koehler, Stephan A. and Stone, Howard A.",
        2003,
        "On self-propulsion of micro-machines at low Reynolds number: Purcell's three-link swimmer",
        "Journal of Fluid Mechanics",
        "490",
        "15--35",
        doi="10.1017/S0022112003005184",
    ),
    Publication(
        "Bellec, Guillaume and Scherr, Franz and Subramoney, Anand and Hajek, Elias and"
        " Salaj, Darjan and Legenstein, Robert and Maass, Wolfgang",
        2020,
        "A solution to the learning dilemma for recurrent networks of spiking neurons",
        "Nature Communications",
        "11",
        "3625",
        doi="10.1038/s41467-020-17236-y",
    ),
    Publication(
        "Bennet, Pauline and Doerr, Carola and Moreau, Antoine and Rapin, Jeremy and"
        " Teytaud, Fabien and Teytaud, Olivier",
        2021,
        "Nevergrad: black-box optimization platform",
        "ACM SIGEVOlution",
        "14",
        "8--15",
        doi="10.1145/3460310.3460312",
    ),
    Publication(
        "Bergstra, James and Bengio, Yoshua",
        2012,
        "Random search for hyper-parameter optimization",
        "Journal of Machine Learning Research",
        "13",
        "281--305",
        url="https://jmlr.org/papers/v13/bergstra12a.html",
    ),
    Publication(
        "Bienenstock, Elie L. and Cooper, Leon N. and Munro, Paul W.",
        1982,
        "Theory for the development of neuron selectivity: orientation specificity and binocular"
        " interaction in visual cortex",
        "Journal of Neuroscience",
        "2",
        "32--48",
        doi="10.1523/JNEUROSCI.02-01-00032.1982",
    ),
    Publication(
        "Confavreux, Basile and Agnes, Everton J. and Zenke, Friedemann and Sprekeler, Henning and"
        " Vogels, Tim P.",
        2025,
        "Balancing complexity, performance and plausibility to meta learn plasticity rules in"
        " recurrent spiking networks",
        "PLoS Computational Biology",
        "21",
        "e1012910",
        doi="10.1371/journal.pcbi.1012910",
    ),
    Publication(
        "Florian, Razvan V.",
        2007,
        "Reinforcement learning through modulation of spike-timing-dependent synaptic plasticity",
        "Neural Computation",
        "19",
        "1468--1502",
        doi="10.1162/neco.2007.19.6.1468",
    ),
    Publication(
        "Hansen, Nikolaus and Ostermeier, Andreas",
        2001,
        "Completely derandomized self-adaptation in evolution strategies",
        "Evolutionary Computation",
        "9",
        "159--195",
        doi="10.1162/106365601750190398",
    ),
    Publication(
        "Izhikevich, Eugene M.",
        2007,
        "Solving the distal reward problem through linkage of STDP and dopamine signaling",
        "Cerebral Cortex",
        "17",
        "2443--2452",
        doi="10.1093/cercor/bhl152",
    ),
    Publication(
        "Lake, Brenden M. and Salakhutdinov, Ruslan and Tenenbaum, Joshua B.",
        2015,
        "Human-level concept learning through probabilistic program induction",
        "Science",
        "350",
        "1332--1338",
        doi="10.1126/science.aab3050",
    ),
    Publication(
        "Oja, Erkki",
        1982,
        "Simplified neuron model as a principal component analyzer",
        "Journal of Mathematical Biology",
        "15",
        "267--273",
        doi="10.1007/BF00275687",
    ),
    Publication(
        "Pfister, Jean-Pascal and Gerstner, Wulfram",
        2006,
        "Triplets of spikes in a model of spike timing-dependent plasticity",
        "Journal of Neuroscience",
        "26",
        "9673--9682",
        doi="10.1523/JNEUROSCI.1425-06.2006",
    ),
    Publication(
        "Purcell, Edward M.",
        1977,
        "Life at low Reynolds number",
        "American Journal of Physics",
        "45",
        "3--11",
        doi="10.1119/1.10903",
    ),
    Publication(
        "Schmidgall, Samuel and Ashkanazy, Julia and Lawson, Wallace and Hays, Joe",
        2021,
        "SpikePropamine: differentiable plasticity in spiking neural networks",
        "Frontiers in Neurorobotics",
        "15",
        "629210",
        doi="10.3389/fnbot.2021.629210",
        arxiv="2106.02681",
    ),
    Publication(
        "Schmidgall, Samuel and Hays, Joe",
        2023,
        "Meta-SpikePropamine: learning to learn with synaptic plasticity in spiking neural"
        " networks",
        "Frontiers in Neuroscience",
        "17",
        "1183321",
        doi="10.3389/fnins.2023.1183321",
        arxiv="2206.12520",
    ),
    Publication(
        "Schumer, Michael A. and Steiglitz, Kenneth",
        1968,
        "Adaptive step size random search",
        "IEEE Transactions on Automatic Control",
        "13",
        "270--276",
        doi="10.1109/TAC.1968.1098903",
    ),
    Publication(
        "Sehnke, Frank and Osendorfer, Christian and Rückstieß, Thomas and Graves, Alex and"
        " Peters, Jan and Schmidhuber, Jürgen",
        2010,
        "Parameter-exploring policy gradients",
        "Neural Networks",
        "23",
        "551--559",
        doi="10.1016/j.neunet.2009.12.004",
    ),
    Publication(
        "Song, Sen and Miller, Kenneth D. and Abbott, L. F.",
        2000,
        "Competitive Hebbian learning through spike-timing-dependent synaptic plasticity",
        "Nature Neuroscience",
        "3",
        "919--926",
        doi="10.1038/78829",
    ),
    Publication(
        "Stimberg, Marcel and Brette, Romain and Goodman, Dan F. M.",
        2019,
        "Brian 2, an intuitive and efficient neural simulator",
        "eLife",
        "8",
        "e47314",
        doi="10.7554/eLife.47314",
    ),
    Publication(
        "Storn, Rainer and Price, Kenneth",
        1997,
        "Differential evolution: a simple and efficient heuristic for global optimization over"
        " continuous spaces",
        "Journal of Global Optimization",
        "11",
        "341--359",
        doi="10.1023/A:1008202821328",
    ),
    Publication(
        "Turrigiano, Gina G. and Leslie, Kenneth R. and Desai, Niraj S. and"
        " Rutherford, Lana C. and Nelson, Sacha B.",
        1998,
        "Activity-dependent scaling of quantal amplitude in neocortical neurons",
        "Nature",
        "391",
        "892--896",
        doi="10.1038/36103",
    ),
    Publication(
        "van Rossum, Mark C. W. and Bi, Guo-qiang and Turrigiano, Gina G.",
        2000,
        "Stable Hebbian learning from spike timing-dependent plasticity",
        "Journal of Neuroscience",
        "20",
        "8812--8821",
        doi="10.1523/JNEUROSCI.20-23-08812.2000",
    ),
    Publication(
        "Vogels, Tim P. and Sprekeler, Henning and Zenke, Friedemann and Clopath, Claudia and"
        " Gerstner, Wulfram",
        2011,
        "Inhibitory plasticity balances excitation and inhibition in sensory pathways and memory"
        " networks",
        "Science",
        "334",
        "1569--1573",
        doi="10.1126/science.1211095",
    ),
    Publication(
        "Wang, Xiao-Jing",
        1999,
        "Synaptic basis of cortical persistent activity: the importance of NMDA receptors to"
        " working memory",
        "Journal of Neuroscience",
        "19",
        "9587--9603",
        doi="10.1523/JNEUROSCI.19-21-09587.1999",
    ),
    Publication(
        "Wierstra, Daan and Schaul, Tom and Glasmachers, Tobias and Sun, Yi and Peters, Jan and"
        " Schmidhuber, Jürgen",
        2014,
        "Natural evolution strategies",
        "Journal of Machine Learning Research",
        "15",
        "949--980",
        arxiv="1106.4487",
    ),
    Publication(
        "Wu, Yujie and Deng, Lei and Li, Guoqi and Zhu, Jun and Shi, Luping",
        2018,
        "Spatio-temporal backpropagation for training high-performance spiking neural networks",
        "Frontiers in Neuroscience",
        "12",
        "331",
        doi="10.3389/fnins.2018.00331",
    ),
    Publication(
        "Wu, Yujie and Zhao, Rong and Zhu, Jun and others",
        2022,
        "Brain-inspired global-local learning incorporated with neuromorphic computing",
        "Nature Communications",
        "13",
        "65",
        doi="10.1038/s41467-021-27653-2",
        arxiv="2006.03226",
    ),
    Publication(
        "Sun, Hongze and Cai, Wuque and Yang, Baoxin and Cui, Yan and Xia, Yang and Yao, Dezhong"
        " and Guo, Daqing",
        2023,
        "A synapse-threshold synergistic learning approach for spiking neural networks",
        "IEEE Transactions on Cognitive and Developmental Systems",
        doi="10.1109/TCDS.2023.3278712",
        arxiv="2206.06129",
    ),
    Publication(
        "Yang, Guangyu Robert and Joglekar, Madhura R. and Song, H. Francis and"
        " Newsome, William T. and Wang, Xiao-Jing",
        2019,
        "Task representations in neural networks trained to perform many cognitive tasks",
        "Nature Neuroscience",
        "22",
        "297--306",
        doi="10.1038/s41593-018-0310-2",
    ),
)

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
