"""The other side of the differential runs. Each line on stdin is a JSON array of [kind, base64 of a document]; each line
on stdout is a JSON array with, for each document,

  loads:   what CPython's xmlrpc.client makes of it: {"method", "params"} | {"fault"} | {"error"}
  grammar: what a strict reader of XML-RPC written for this comparison objects to, by a word each; [] if nothing.
           It looks at well-formedness (expat), elements, texts and scalars, and is lenient where the policy is.
"""

import base64
import decimal
import json
import re
import sys
import xml.parsers.expat
import xmlrpc.client

sys.setrecursionlimit(20_000)

INT = re.compile(r"[+-]?[0-9]+\Z")
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
METHOD = re.compile(r"[A-Za-z0-9_.:/]+\Z")
TIME = r"T([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?\Z"
DATES = [re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})" + TIME), re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})" + TIME)]
OFFSET = re.compile(r"[+-]([0-9]{2}):?([0-9]{2})?\Z")
BASE64 = re.compile(r"[A-Za-z0-9+/]*(={0,2})\Z")
BLANK = "\t\n\r "
BITS = {"int": 64, "i4": 64, "i8": 64, "i1": 8, "i2": 16, "biginteger": None}
APACHE = {"nil", "i1", "i2", "i4", "i8", "float", "bigdecimal", "biginteger", "dateTime"}
PLAIN = {"string", "int", "i4", "boolean", "double", "dateTime.iso8601", "base64", "nil", "i8", "i1", "i2", "float",
         "bigdecimal", "biginteger"}


class Element:
    __slots__ = ("tag", "children", "texts")

    def __init__(self, tag):
        self.tag = tag
        self.children = []
        self.texts = [""]

    @property
    def text(self):
        return "".join(self.texts)


class Reader:
    """Builds a tree and judges it."""

    def __init__(self):
        self.problems = set()
        self.depth = 0

    def read(self, kind, data):
        parser = xml.parsers.expat.ParserCreate()
        root = Element(None)
        stack = [root]

        def start(tag, _attributes):
            element = Element(tag)
            stack[-1].children.append(element)
            stack[-1].texts.append("")
            stack.append(element)

        def text(data):
            stack[-1].texts[-1] += data

        def doctype(*_):
            self.problems.add("doctype")

        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = lambda _tag: stack.pop()
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = doctype
        try:
            parser.Parse(data, True)
        except (xml.parsers.expat.ExpatError, ValueError, LookupError, UnicodeError) as error:
            self.problems.add("xml: " + re.sub(r":? ?line.*|\d+", "", str(error)))
            return sorted(self.problems)
        self.document(kind, root.children[0])
        return sorted(self.problems)

    def no_text(self, element):
        if element.text.strip(BLANK) != "":
            self.problems.add("text")

    def only(self, element, *tags):
        self.no_text(element)
        if [child.tag for child in element.children] != list(tags):
            self.problems.add("structure")
            return False
        return True

    def document(self, kind, root):
        self.no_text(root)
        tags = [child.tag for child in root.children]
        if root.tag != ("methodCall" if kind == "call" else "methodResponse"):
            self.problems.add("root")
        elif kind == "call":
            if tags not in (["methodName"], ["methodName", "params"]):
                self.problems.add("structure")
                return
            self.method_name(root.children[0])
            for params in root.children[1:]:
                self.params(params)
        elif tags == ["params"]:
            self.params(root.children[0])
            if len(root.children[0].children) != 1:
                self.problems.add("structure")
        elif tags == ["fault"]:
            if self.only(root.children[0], "value"):
                self.fault(root.children[0].children[0])
        else:
            self.problems.add("structure")

    def method_name(self, element):
        if element.children:
            self.problems.add("structure")
        if len(element.text) > 255 or not METHOD.match(element.text):
            self.problems.add("method-name")

    def params(self, element):
        self.no_text(element)
        for param in element.children:
            if param.tag != "param":
                self.problems.add("structure")
            elif self.only(param, "value"):
                self.value(param.children[0], 0)

    def fault(self, value):
        self.value(value, 0)
        members = {}
        for struct in value.children:
            for member in struct.children:
                pair = {child.tag: child for child in member.children}
                if "name" in pair and "value" in pair:
                    members[pair["name"].text] = pair["value"]
        code, string = members.get("faultCode"), members.get("faultString")
        if code is None or string is None or len(value.children) != 1 or value.children[0].tag != "struct":
            self.problems.add("fault")
            return
        if len(code.children) != 1 or not self.is_whole(code.children[0]):
            self.problems.add("fault")
        if string.children and string.children[0].tag not in ("string", "nil", "ex:nil"):
            self.problems.add("fault")

    def is_whole(self, element):
        tag = element.tag.split(":")[-1]
        try:
            number = decimal.Decimal(element.text.strip(BLANK))
            safe = abs(number) < 2**53
            return safe and (tag in BITS or (tag in ("double", "float", "bigdecimal") and number == int(number)))
        except (decimal.InvalidOperation, ValueError, OverflowError):
            return False

    def value(self, element, depth):
        if not element.children:
            return
        self.no_text(element)
        if len(element.children) > 1:
            self.problems.add("structure")
        for child in element.children:
            if child.tag in ("array", "struct"):
                self.nested(child, depth + 1)
            elif child.tag in PLAIN or (child.tag.startswith("ex:") and child.tag[3:] in APACHE):
                self.scalar(child)
            else:
                self.problems.add("type")

    def nested(self, element, depth):
        if depth > 128:
            self.problems.add("depth")
            return
        self.no_text(element)
        if element.tag == "array":
            if len(element.children) > 1 or any(child.tag != "data" for child in element.children):
                self.problems.add("structure")
            for data in element.children:
                self.no_text(data)
                for item in data.children:
                    if item.tag == "value":
                        self.value(item, depth)
                    else:
                        self.problems.add("structure")
            return
        for member in element.children:
            self.no_text(member)
            tags = [child.tag for child in member.children]
            if member.tag != "member" or sorted(tags) != ["name", "value"]:
                self.problems.add("structure")
                continue
            if tags == ["value", "name"]:
                self.problems.add("member-order")
            for child in member.children:
                if child.tag == "value":
                    self.value(child, depth)
                elif child.children:
                    self.problems.add("structure")

    def scalar(self, element):
        tag = element.tag.split(":")[-1]
        if element.children:
            self.problems.add("structure")
        elif tag != "string" and not self.is_scalar(tag, element.text.strip(BLANK)):
            self.problems.add("scalar-" + tag)

    def is_scalar(self, tag, text):
        if tag in BITS:
            if not INT.match(text):
                return False
            bits = BITS[tag]
            if len(text) > 2048 or bits is None:
                return len(text) <= 2048
            return -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1)
        if tag in ("double", "float", "bigdecimal"):
            return len(text) <= 2048 and bool(DECIMAL.match(text)) and abs(float(text)) != float("inf")
        if tag == "boolean":
            return text in ("0", "1")
        if tag == "nil":
            return text == ""
        if tag == "base64":
            match = BASE64.match(re.sub("[\t\n\r ]", "", text))
            if not match:
                return False
            rest = (len(match.group(0)) - len(match.group(1))) % 4
            return rest != 1 and len(match.group(1)) <= (4 - rest) % 4
        return self.is_date(text)

    def is_date(self, text):
        match = DATES[0].match(text) or DATES[1].match(text)
        if not match:
            return False
        year, month, day, hour, minute, second = (int(part) for part in match.groups())
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        offset = OFFSET.search(text[text.index("T"):])
        if offset and int(offset.group(1)) * 60 + int(offset.group(2) or 0) > 1439:
            return False
        return (1 <= month <= 12 and 1 <= day <= days[month - 1] and minute < 60 and second <= 60
                and hour * 3600 + minute * 60 + second <= 86400)


def tag(value):
    if value is None:
        return {"t": "nil"}
    if isinstance(value, bool):
        return {"t": "boolean", "v": value}
    if isinstance(value, int):
        return {"t": "int", "v": str(value)}
    if isinstance(value, (float, decimal.Decimal)):
        return {"t": "double", "v": repr(float(value))}
    if isinstance(value, str):
        return {"t": "string", "v": value}
    if isinstance(value, xmlrpc.client.DateTime):
        return {"t": "dateTime", "v": value.value}
    if isinstance(value, xmlrpc.client.Binary):
        return {"t": "base64", "v": base64.b64encode(value.data).decode()}
    if isinstance(value, (list, tuple)):
        return {"t": "array", "v": [tag(item) for item in value]}
    return {"t": "struct", "v": [[str(name), tag(item)] for name, item in value.items()]}


def loads(data):
    try:
        params, method = xmlrpc.client.loads(data)
        return {"method": method, "params": [tag(param) for param in params]}
    except xmlrpc.client.Fault as fault:
        return {"fault": [tag(fault.faultCode), tag(fault.faultString)]}
    except Exception as error:  # whatever the parser raises is the answer
        return {"error": f"{type(error).__name__}: {error}"[:300]}


for line in sys.stdin:
    answers = []
    for kind, encoded in json.loads(line):
        document = base64.b64decode(encoded)
        answers.append({"loads": loads(document), "grammar": Reader().read(kind, document)})
    print(json.dumps(answers), flush=True)
