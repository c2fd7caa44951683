"""A provider made of providers: tries its candidates in turn until one speaks.

What follows from which failure stands in `rules.py`, who is next in `course.py`, and what a
request leaves behind in `trial.py`; this is the loop that asks. Knows no HTTP and no vendor.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from sluice.core.errors import ProviderError
from sluice.core.events import Attempt
from sluice.core.messages import Prompt
from sluice.core.ports import Say
from sluice.providers import parts
from sluice.providers.conduct import Conduct
from sluice.providers.course import Candidate, Course
from sluice.providers.trial import Trial


class Chain:
    """Candidates, the first of which is the model that was asked for. A `core.ports.Provider`."""

    def __init__(self, candidates: Sequence[Candidate], conduct: Conduct) -> None:
        self._candidates = candidates
        self._conduct = conduct

    async def generate(self, prompt: Prompt, attempts: list[Attempt], say: Say) -> None:
        """See `core.ports.Provider`. The last of `attempts` names the model that answered.

        Where there are images, models that cannot take them are not asked.
        """
        course = Course(self._able(prompt), self._conduct)
        while True:
            candidate = course.turn()
            asked = replace(prompt, model=candidate.name)
            trial = Trial(candidate, self._conduct, attempts, say)
            try:
                with trial:
                    await candidate.source.attempt(
                        asked, trial.attempt, candidate.patience, course.last, trial.say
                    )
                return
            except ProviderError as error:
                if trial.spoke:
                    raise
                pause = course.after(error)
            await self._conduct.sleep(pause)

    def _able(self, prompt: Prompt) -> Sequence[Candidate]:
        """Who can take what is asked. Raises `InvalidRequest` where nobody can."""
        if not parts.images(prompt.messages):
            return self._candidates
        able = [candidate for candidate in self._candidates if candidate.sees]
        if not able:
            raise parts.blind(self._candidates[0].model)
        return able
