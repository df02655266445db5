"""Where discd and another server may differ, each with the reason. Whatever fits none of
these is a failure."""

YXDOMAIN = 6


def same_but_answer(ours, theirs):
    return (ours.rcode, ours.aa, ours.authority) == (theirs.rcode, theirs.aa, theirs.authority)


def other_set_of_any(case):
    """ANY by UDP is answered with one RRset, whichever the server picks (RFC 8482 section
    4.1); discd takes the lowest type, NSD the SOA first, Knot what it has first."""
    return (case.rtype == "ANY" and same_but_answer(case.ours, case.theirs) and
            case.ours.answer and case.theirs.answer and
            {r[0] for r in case.ours.answer} == {r[0] for r in case.theirs.answer})


def knot_stays_in_zone(case):
    """Knot follows aliases within the zone in question only, and gives a referral to a zone
    below it though it serves that too; discd goes on in all zones that it serves, as NSD does
    and RFC 1034 section 4.3.2 step 3a has it (start again with the new name)."""
    leaving = [r[3] for r in case.theirs.answer if r[1] == "CNAME" and
               case.zone_of(r[3]) not in (None, case.zone_of(case.name))]
    nothing_more = all(r[1] == "NS" and r[0].rstrip(".") in case.names
                       for r in case.theirs.authority)
    return (case.other == "knot" and leaving and case.theirs.answer <= case.ours.answer and
            nothing_more and case.theirs.rcode == 0)


def knot_goes_on_when_too_long(case):
    """A name that a DNAME makes longer than 255 bytes is YXDOMAIN and ends the search (RFC
    6672 section 2.2); Knot goes on with the DNAME's target."""
    return (case.other == "knot" and case.ours.rcode == YXDOMAIN and
            case.ours.answer <= case.theirs.answer and case.ours.aa == case.theirs.aa)


def knot_asks_the_child_for_ds(case):
    """DS behind an alias, at the apex of a zone whose parent is served too: the parent's side
    answers (RFC 4035 section 3.1.4.1), with Knot the child's."""
    soas = [r[0].rstrip(".") for r in case.ours.authority | case.theirs.authority]
    return (case.other == "knot" and case.rtype == "DS" and case.theirs.answer and
            case.theirs.answer <= case.ours.answer and len(soas) in (1, 2) and
            all(s in case.names for s in soas))


def nsd_uses_a_dname_once(case):
    """NSD ends a chain where a DNAME that it was at before makes another alias; discd goes on
    as long as names differ, at most 16 times."""
    dnames = [r for r in case.ours.answer if r[1] == "DNAME"]
    made = [sum(c[1] == "CNAME" and c[0].endswith("." + d[0]) and c[3].endswith("." + d[3])
                for c in case.ours.answer) for d in dnames]
    again = max(made, default=0) + (case.ours.rcode == YXDOMAIN) > 1
    return (case.other == "nsd" and again and case.theirs.rcode == 0 and
            case.theirs.answer <= case.ours.answer)


def knot_follows_five(case):
    """Knot follows five aliases in all; discd sixteen."""
    return case.other == "knot" and cut_short(case, 5)


def sixteen_aliases(case):
    """A chain that does not end is left by discd after sixteen aliases, by the others later."""
    aliases = sum(r[1] == "CNAME" for r in case.ours.answer)
    return (aliases == 16 and case.ours.answer < case.theirs.answer and case.ours.rcode == 0)


def cut_short(case, least):
    """Is their answer the beginning of ours, after so many aliases at least?"""
    aliases = sum(r[1] == "CNAME" for r in case.theirs.answer)
    return (aliases >= least and case.theirs.answer < case.ours.answer and
            case.theirs.rcode == 0 and case.theirs.aa == case.ours.aa)


KINDS = [other_set_of_any, knot_stays_in_zone, knot_goes_on_when_too_long,
         knot_asks_the_child_for_ds, nsd_uses_a_dname_once, knot_follows_five, sixteen_aliases]


class Case:
    def __init__(self, names, question, other, ours, theirs):
        self.names = names  # of all zones served
        self.name = question[0].lower()
        self.rtype = question[1]
        self.other = other
        self.ours = ours
        self.theirs = theirs

    def zone_of(self, name):
        """The name of the zone that a name in text lies in; None = in none."""
        labels = name.lower().rstrip(".").split(".")
        for i in range(len(labels)):
            if ".".join(labels[i:]) in self.names:
                return ".".join(labels[i:])
        return None


def explain(case):
    for kind in KINDS:
        if kind(case):
            return kind.__name__
    return None
