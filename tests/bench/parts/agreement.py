"""Do all servers serve the same? Asked before anything is measured."""

from parts import asking
from parts.data import KINDS


def answers(server, data):
    return {question: asking.ask_again(server.port, *question) for question in asking.samples(data)}


def check(name, first_name, first, other):
    """What differs in content ends the run: figures of different answers compare nothing."""
    for question, answer in other.items():
        if answer is None or first[question] is None:
            silent = name if answer is None else first_name
            raise SystemExit("%s does not answer %s %s" % ((silent,) + question))
        if answer.content() != first[question].content():
            raise SystemExit("%s answers %s %s differently:\n%s\nbut %s:\n%s" % (
                (name,) + question + (answer.content(), first_name, first[question].content())))


def described(server, data, kind):
    """In words, how large an answer is and what it adds, which a server may or may not do."""
    name, type_name = data.sample(kind)
    answer = asking.ask_again(server.port, name, type_name)
    if answer is None:
        raise SystemExit("%s does not answer %s %s" % (server.name, name, type_name))
    return "%s %d bytes (%d records + %d authority + %d additional)" % (
        (KINDS[kind], answer.size, len(answer.sections[0])) + answer.added)
