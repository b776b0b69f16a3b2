"""`files.*`: the three steps of an upload, and reading a file again."""

from __future__ import annotations

from dataclasses import replace

from playground.slack.methods.chat import writable
from playground.slack.registry import Call, Refused, method, scopes
from playground.slack.state import BOT_USER, Json, StoredFile

MAX_FILE = 10 * 1024 * 1024
WRITE = scopes("files:write")


def describe(call: Call, file: StoredFile) -> Json:
    """A file as the Web API shows it."""
    url = f"{call.base_url}/files/{file.id}/{file.name}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "size": file.length,
        "user": file.uploaded_by,
        "url_private": url,
        "url_private_download": url,
        "permalink": url,
    }


@method("files.getUploadURLExternal", WRITE)
def get_upload_url(call: Call) -> Json:
    """Step one: where to send the bytes."""
    name, length = call.need("filename"), call.number("length", 0)
    if not 0 < length <= MAX_FILE:
        raise Refused(
            "invalid_arguments",
            response_metadata={"messages": [f"[ERROR] length must be 1 to {MAX_FILE}"]},
        )
    file = StoredFile(id=call.workspace.serial("F"), name=name, length=length)
    call.workspace.files[file.id] = file
    return {"file_id": file.id, "upload_url": f"{call.base_url}/upload/{file.id}"}


@method("files.completeUploadExternal", WRITE)
def complete_upload(call: Call) -> Json:
    """Step three: name the files and share them."""
    wanted = call.structure("files")
    if not isinstance(wanted, list) or not wanted:
        raise Refused("invalid_arguments")
    files = [_uploaded(call, one) for one in wanted]
    if call.text("channel_id"):
        files = _share(call, files)
    call.workspace.files.update({file.id: file for file in files})
    call.workspace.touch()
    return {"files": [describe(call, file) for file in files]}


def _uploaded(call: Call, wanted: Json) -> StoredFile:
    file = call.workspace.files.get(str(wanted.get("id")))
    if file is None or file.content is None:
        raise Refused("file_not_found")
    return replace(file, title=str(wanted.get("title") or file.name))


def _share(call: Call, files: list[StoredFile]) -> list[StoredFile]:
    channel = writable(
        replace(call, arguments={**call.arguments, "channel": call.text("channel_id")})
    )
    thread = call.text("thread_ts") or None
    if thread and (channel.id, thread) not in call.workspace.posts:
        raise Refused("invalid_thread_ts")
    ids = tuple(file.id for file in files)
    call.workspace.add(
        channel=channel.id,
        user=BOT_USER,
        text=call.text("initial_comment"),
        thread_ts=thread,
        files=ids,
    )
    return [replace(file, shared_in=channel.id, thread_ts=thread) for file in files]


@method("files.info", scopes("files:read"))
def file_info(call: Call) -> Json:
    """Describe an uploaded file; `file_not_found` if there is none of that ID."""
    file = call.workspace.files.get(call.need("file"))
    if file is None:
        raise Refused("file_not_found")
    return {"file": describe(call, file)}
