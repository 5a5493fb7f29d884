"""The data checks: what is looked for in the rows before any training. Pure.

One file a subject. Each check looks at the rows that the checks before it left, adds a finding
where it saw something (or a fact, where it measured something), and drops what its action drops.
Order: first rows that are no rows or must not be learned from, then repetition within a split, then
leakage between splits, and last what only makes sense over the rows that remain.
"""

from collections.abc import Callable, Mapping

from controller.data.checks.curve import check_learning_curve
from controller.data.checks.generation import (
    check_empty_answers,
    check_repeated_answers,
    check_role_order,
    check_unfinished_answers,
)
from controller.data.checks.labels import (
    check_imbalance,
    check_label_conflicts,
    check_rows_per_label,
    check_unseen_labels,
)
from controller.data.checks.leakage import check_exact_leakage
from controller.data.checks.lengths import check_lengths
from controller.data.checks.mixes import check_split_shift
from controller.data.checks.near import check_near_twins
from controller.data.checks.private import check_personal_data, check_secrets
from controller.data.checks.repetition import check_exact_duplicates, check_normalised_duplicates
from controller.data.checks.suspects import check_label_issues
from controller.data.checks.unusable import check_empty_rows, check_garbled_rows
from controller.data.inspection import Inspection

CHECKS: Mapping[str, Callable[[Inspection], None]] = {
    "empty rows": check_empty_rows,
    "garbled rows": check_garbled_rows,
    "role order": check_role_order,
    "empty answers": check_empty_answers,
    "unfinished answers": check_unfinished_answers,
    "personal data": check_personal_data,
    "secrets": check_secrets,
    "lengths": check_lengths,
    "conflicting labels": check_label_conflicts,
    "exact duplicates": check_exact_duplicates,
    "normalised duplicates": check_normalised_duplicates,
    "exact leakage": check_exact_leakage,
    "near twins": check_near_twins,
    "suspected labels": check_label_issues,
    "rows per label": check_rows_per_label,
    "imbalance": check_imbalance,
    "unseen labels": check_unseen_labels,
    "repeated answers": check_repeated_answers,
    "split shift": check_split_shift,
    "learning curve": check_learning_curve,
}
"""All checks, in the order in which they run."""
