from pdt_evidence.analysis.equivalence import equivalence as equivalence
from pdt_evidence.analysis.network import network as network
from pdt_evidence.analysis.synthesis import synthesize as synthesize
from pdt_evidence.effects.table import effect_sizes as effect_sizes
from pdt_evidence.effects.trials import trials as trials
from pdt_evidence.errors import EvidenceError as EvidenceError
from pdt_evidence.errors import EvidenceWarning as EvidenceWarning
from pdt_evidence.evidence.coverage import coverage as coverage
from pdt_evidence.evidence.tables import claims as claims
from pdt_evidence.evidence.tables import members as members
from pdt_evidence.evidence.tables import reviews as reviews
from pdt_evidence.evidence.tables import sources as sources
from pdt_evidence.figures import forest as forest
from pdt_evidence.figures import save as save
from pdt_evidence.pooling import pool as pool
from pdt_evidence.pooling import pool_many as pool_many
from pdt_evidence.reporting import report as report
from pdt_evidence.results import PooledEffect as PooledEffect
from pdt_evidence.results import Synthesis as Synthesis
from pdt_evidence.verdicts import ClaimReport as ClaimReport
from pdt_evidence.verdicts import check_claims as check_claims

__version__: str
