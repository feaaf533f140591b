"""The .proto file of the reference as message classes of Protocol Buffers, for a reader that is not ours."""

import re
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FILE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "backend_registry.proto"
PACKAGE = "backend_registry.v1"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "uint32": _Field.TYPE_UINT32,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
}
_LINE = re.compile(r"(?:(repeated|optional) )?(\w+) (\w+) = (\d+);")
_VALUE = re.compile(r"(\w+) = (\d+);")
_BLOCK = re.compile(r"^(message|enum|service) (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_CALL = re.compile(r"rpc (\w+)\((\w+)\) returns \((\w+)\);")


def _add_field(message, line, enums):
    label, kind, name, number = line
    field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
    if label == "repeated":
        field.label = _Field.LABEL_REPEATED
    if label == "optional":
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _Field.TYPE_ENUM if kind in enums else _Field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"


def _read():
    blocks = _BLOCK.findall(FILE.read_text(encoding="utf-8"))
    file = descriptor_pb2.FileDescriptorProto(name="backend_registry.proto", package=PACKAGE, syntax="proto3")
    enums = {name for kind, name, _ in blocks if kind == "enum"}
    calls = {}
    for kind, name, body in blocks:
        if kind == "enum":
            enum = file.enum_type.add(name=name)
            for value, number in _VALUE.findall(body):
                enum.value.add(name=value, number=int(number))
        elif kind == "message":
            message = file.message_type.add(name=name)
            for line in _LINE.findall(body):
                _add_field(message, line, enums)
        else:
            calls |= {f"{PACKAGE}.{name}/{method}": (asked, answered) for method, asked, answered in _CALL.findall(body)}
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in names}, calls


MESSAGES, CALLS = _read()
"""Message classes by name; and `package.Service/Method` to the names of what it takes and gives."""


def fields(name):
    """Name, type and label of each field of a message."""
    return [field.name for field in MESSAGES[name].DESCRIPTOR.fields]
