"""Collects a document's records: one per proposition, with its claims, mentions and participants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.extract.actors import Actor
from pipeline.extract.stance import Stance
from pipeline.proposals import LOCAL, Mention, Record

Span = tuple[int, int]


@dataclass
class Collector:
    """Records by what they say, so that a proposition told twice is one record with the evidence of both."""

    records: list[Record] = field(default_factory=list)
    by_key: dict[tuple[Any, ...], Record] = field(default_factory=dict)
    claims: dict[str, list[Record]] = field(default_factory=dict)
    mentioned: set[tuple[str, str, int, int]] = field(default_factory=set)
    sentence_of: dict[str, int] = field(default_factory=dict)
    sentence: int = 0
    made: int = 0
    """How many records were ever added, those taken back included: what numbers them."""

    def add(
        self,
        table: str,
        values: Mapping[str, Any],
        spans: Mapping[str, Span | tuple[int, int, bool]],
        stance: Stance,
        method: str,
        roles: Iterable[tuple[str, Actor]] = (),
        key: tuple[Any, ...] | None = None,
    ) -> Record:
        """Add a proposition and its claim; the same one again only adds evidence.

        spans: column → span, with True behind it where the value is inferred.
        """
        filled = {name: value for name, value in values.items() if value is not None}
        cast = list(roles)
        ident = key or (table, tuple(sorted(filled.items())), tuple(sorted({(role, actor.id) for role, actor in cast})))
        record = self.by_key.get(ident)
        if record is None:
            record = self._new(table, filled, method)
            self.by_key[ident] = record
        for name, value in filled.items():
            record.values.setdefault(name, value)
        for column, span in spans.items():
            if column == "*" or column in record.values:
                self.mention(record, column, span)
        for role, actor in cast:
            if (role, actor.id) not in record.roles:
                record.roles.append((role, actor.id))
            self.mention(record, f"role:{actor.id}", (actor.start, actor.end, actor.inferred))
        self.claim(record, stance, spans.get("*"))
        self.sentence_of[record.ref] = self.sentence
        return record

    def _new(self, table: str, values: dict[str, Any], method: str) -> Record:
        self.made += 1
        record = Record(f"{LOCAL}{table}-{self.made}", table, values, [], [], method)
        self.records.append(record)
        return record

    def mention(self, record: Record, column: str, span: Span | tuple[int, int, bool]) -> None:
        """Add evidence for one column, once a span."""
        start, end, inferred = (*span, False)[:3]
        if (record.ref, column, start, end) not in self.mentioned:
            self.mentioned.add((record.ref, column, start, end))
            record.mentions.append(Mention(column, start, end, bool(inferred)))

    def claim(
        self,
        record: Record,
        stance: Stance,
        content: Span | tuple[int, int, bool] | None = None,
        responds_to: Record | None = None,
    ) -> Record:
        """Add a claim on a record; the same holder doing the same once more only adds evidence."""
        values: dict[str, Any] = {
            "record_id": record.ref,
            "act": stance.act,
            "certainty": stance.certainty,
            "polarity": stance.polarity,
            "realis": stance.realis,
        }
        if stance.holder is not None:
            values["holder_id"] = stance.holder
        if responds_to is not None:
            values["responds_to_id"] = responds_to.ref
        existing = self.claims.setdefault(record.ref, [])
        for claim in existing:
            same = all(claim.values.get(k) == values.get(k) for k in ("holder_id", "act", "polarity"))
            if same:
                found = claim
                break
        else:
            found = self._new("claims", values, stance.method)
            existing.append(found)
        if stance.cue is not None:
            self.mention(found, "cue", stance.cue)
        if stance.holder is not None and stance.holder_span is None and stance.cue is not None:
            # A holder whom nothing names is concluded from the cue.
            self.mention(found, "holder", (*stance.cue, True))
        if stance.holder_span is not None:
            self.mention(found, "holder", (*stance.holder_span, stance.holder_inferred))
        if content is not None:
            self.mention(found, "content", (content[0], content[1]))
        return found

    def drop(self, record: Record) -> None:
        """Take back a proposition and its claims."""
        gone = {id(one) for one in (record, *self.claims.pop(record.ref, ()))}
        self.records = [one for one in self.records if id(one) not in gone]
        self.by_key = {key: one for key, one in self.by_key.items() if one is not record}
        del self.sentence_of[record.ref]

    def of_sentence(self, back: int) -> list[Record]:
        """Propositions of the current sentence and of `back` sentences before it, the latest last."""
        return [
            r for r in self.records if self.sentence_of.get(r.ref, -9) >= self.sentence - back and r.table != "claims"
        ]
