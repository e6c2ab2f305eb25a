"""Names and content of the job files: a job's state is in its name, its token in the file."""

from binascii import crc32

NEW = "new"
JOB = "job"
END = "end"


def name(job_id, drn, kind):
    """`<id>-<drn>.new` while it is written, `.job` when the job is stored."""
    return f"{job_id:08x}-{drn}.{kind}"


def end_name(job_id, drn, result, at):
    """The name of a job that is done. at: UTC seconds, 0 unknown."""
    return f"{job_id:08x}-{drn}-{result:04x}-{at:08x}.{END}"


def parse_name(text):
    """(id, drn, result, at) of a `.job` (result None) or `.end` name; None if it is neither."""
    try:
        stem, kind = text.split(".")
        parts = stem.split("-")
        job_id, drn = int(parts[0], 16), parts[1]
        if kind == JOB:
            found = (job_id, drn, None, 0)
            same = name(job_id, drn, JOB)
        else:
            found = (job_id, drn, int(parts[2], 16), int(parts[3], 16))
            same = end_name(*found)
    except (ValueError, IndexError):
        return None
    valid = 0 < job_id <= 0xFFFFFFFF and (found[2] or 0) <= 0xFFFF and found[3] <= 0xFFFFFFFF
    return found if same == text and valid else None


def content(number, token, job_id, drn):
    """What is in the file of a stored job. number: order of arrival."""
    text = f"{number} {token} {job_id:08x} {drn}"
    return f"{text} {crc32(text.encode()):08x}\n".encode()


def parse_content(data, job_id, drn):
    """(number, token) in this job's file. ValueError if it is not what was written."""
    number, token = str(data, "ascii").split(" ")[:2]
    number = int(number)
    if data != content(number, token, job_id, drn):
        raise ValueError("damaged")
    return number, token
