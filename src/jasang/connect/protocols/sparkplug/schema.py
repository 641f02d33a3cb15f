"""The Sparkplug B payload as protobuf messages, from the table of fields in the specification (Sparkplug 3.0.0, 6.4.1).

Built when first imported, so that no generated file has to fit the installed protobuf release.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_KINDS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "float": descriptor_pb2.FieldDescriptorProto.TYPE_FLOAT,
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
    "uint32": descriptor_pb2.FieldDescriptorProto.TYPE_UINT32,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
}
_PACKAGE = "org.eclipse.tahu.protobuf"
# "?" belongs to the one-of "value", "*" is repeated; names of messages stand for themselves.
_MESSAGES = {
    "Parameter": "name:string=1 type:uint32=2 int_value:uint32?=3 long_value:uint64?=4 float_value:float?=5"
    " double_value:double?=6 boolean_value:bool?=7 string_value:string?=8",
    "Template": "version:string=1 metrics:Metric*=2 parameters:Parameter*=3 template_ref:string=4 is_definition:bool=5",
    "DataSetValue": "int_value:uint32?=1 long_value:uint64?=2 float_value:float?=3 double_value:double?=4"
    " boolean_value:bool?=5 string_value:string?=6",
    "Row": "elements:DataSetValue*=1",
    "DataSet": "num_of_columns:uint64=1 columns:string*=2 types:uint32*=3 rows:Row*=4",
    "PropertyValue": "type:uint32=1 is_null:bool=2 int_value:uint32?=3 long_value:uint64?=4 float_value:float?=5"
    " double_value:double?=6 boolean_value:bool?=7 string_value:string?=8 propertyset_value:PropertySet?=9"
    " propertysets_value:PropertySetList?=10",
    "PropertySet": "keys:string*=1 values:PropertyValue*=2",
    "PropertySetList": "propertyset:PropertySet*=1",
    "MetaData": "is_multi_part:bool=1 content_type:string=2 size:uint64=3 seq:uint64=4 file_name:string=5"
    " file_type:string=6 md5:string=7 description:string=8",
    "Metric": "name:string=1 alias:uint64=2 timestamp:uint64=3 datatype:uint32=4 is_historical:bool=5 is_transient:bool=6"
    " is_null:bool=7 metadata:MetaData=8 properties:PropertySet=9 int_value:uint32?=10 long_value:uint64?=11"
    " float_value:float?=12 double_value:double?=13 boolean_value:bool?=14 string_value:string?=15 bytes_value:bytes?=16"
    " dataset_value:DataSet?=17 template_value:Template?=18",
    "Payload": "timestamp:uint64=1 metrics:Metric*=2 seq:uint64=3 uuid:string=4 body:bytes=5",
}


def _build() -> type[Any]:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split():
            _add_field(message, text)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found: type[Any] = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))
    return found


def _add_field(message: Any, text: str) -> None:
    name, _, rest = text.partition(":")
    kind, _, number = rest.partition("=")
    field = message.field.add(name=name, number=int(number), label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL)
    if kind.endswith("*"):
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    if kind.endswith("?"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0
    kind = kind.rstrip("*?")
    if kind in _KINDS:
        field.type = _KINDS[kind]
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


Payload = _build()
