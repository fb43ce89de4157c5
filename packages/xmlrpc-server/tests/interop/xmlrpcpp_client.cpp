// Calls a callback server through the C++ library XmlRpc++, of whose family the interface processes of a CCU are, and
// prints for each call one line of JSON: {"name": ..., "kind": "result" | "fault" | "failed", "value": ...}.

#include <xmlrpcpp/XmlRpc.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

using XmlRpc::XmlRpcClient;
using XmlRpc::XmlRpcValue;

namespace {

void printText(std::ostream& out, std::string const& text) {
  out << '"';
  for (unsigned char byte : text) {
    char escaped[8];
    if (byte == '"' || byte == '\\' || byte < 0x20) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out << escaped;
    } else {
      out << static_cast<char>(byte);
    }
  }
  out << '"';
}

void printScalar(std::ostream& out, XmlRpcValue& value) {
  char number[64];
  switch (value.getType()) {
    case XmlRpcValue::TypeBoolean:
      out << (static_cast<bool&>(value) ? "true" : "false");
      break;
    case XmlRpcValue::TypeInt:
      out << static_cast<int&>(value);
      break;
    case XmlRpcValue::TypeDouble:
      std::snprintf(number, sizeof number, "%.17g", static_cast<double&>(value));
      out << "{\"double\":" << number << "}";
      break;
    case XmlRpcValue::TypeString:
      printText(out, static_cast<std::string&>(value));
      break;
    default:
      out << "{\"type\":" << value.getType() << "}";
  }
}

void print(std::ostream& out, XmlRpcValue& value) {
  if (value.getType() == XmlRpcValue::TypeArray) {
    out << '[';
    for (int i = 0; i < value.size(); i++) {
      if (i > 0) out << ',';
      print(out, value[i]);
    }
    out << ']';
  } else if (value.getType() == XmlRpcValue::TypeStruct) {
    out << '{';
    bool isFirst = true;
    for (auto& member : value) {
      if (!isFirst) out << ',';
      isFirst = false;
      printText(out, member.first);
      out << ':';
      print(out, member.second);
    }
    out << '}';
  } else {
    printScalar(out, value);
  }
}

template <typename... Values>
XmlRpcValue list(Values const&... values) {
  XmlRpcValue array;
  array.setSize(0);
  int index = 0;
  (void)std::initializer_list<int>{(array[index++] = values, 0)...};
  return array;
}

XmlRpcValue call(char const* method, XmlRpcValue const& params) {
  XmlRpcValue entry;
  entry["methodName"] = method;
  entry["params"] = params;
  return entry;
}

XmlRpcValue text(std::string const& value) { return XmlRpcValue(value); }

XmlRpcValue description(int index) {
  char address[32];
  std::snprintf(address, sizeof address, "MEQ%07d", index);
  XmlRpcValue device;
  device["ADDRESS"] = text(address);
  device["CHILDREN"] = list(text(std::string(address) + ":0"), text(std::string(address) + ":1"));
  device["FIRMWARE"] = text("");
  device["NAME"] = text("K\xc3\xbc" "che <&> 21 \xc2\xb0" "C");
  device["PARAMSETS"] = list();
  device["VERSION"] = XmlRpcValue(index);
  return device;
}

class Caller {
 public:
  Caller(int port, char const* path) : client_("127.0.0.1", port, path) {}

  void run(char const* name, char const* method, XmlRpcValue const& params) {
    XmlRpcValue result;
    bool const isAnswered = client_.execute(method, params, result);
    std::cout << "{\"name\":\"" << name << "\",\"kind\":\""
              << (!isAnswered ? "failed" : client_.isFault() ? "fault" : "result") << "\",\"value\":";
    if (isAnswered) print(std::cout, result);
    else std::cout << "null";
    std::cout << "}" << std::endl;
  }

 private:
  XmlRpcClient client_;
};

void callAllFunctions(Caller& caller, XmlRpcValue const& id) {
  caller.run("listMethods", "system.listMethods", list(id));
  caller.run("listDevices", "listDevices", list(id));
  XmlRpcValue devices = list();
  for (int i = 0; i < 3000; i++) devices[i] = description(i);
  caller.run("newDevices", "newDevices", list(id, devices));
  caller.run("deleteDevices", "deleteDevices", list(id, list(text("MEQ0000001"), text("MEQ0000002"))));
  caller.run("updateDevice", "updateDevice", list(id, text("MEQ0000003"), 1));
  caller.run("replaceDevice", "replaceDevice", list(id, text("MEQ0000004"), text("MEQ0000005")));
  caller.run("readdedDevice", "readdedDevice", list(id, list(text("MEQ0000006"))));
  caller.run("error", "error", list(id, -1, text("K\xc3\xbc" "che <kaputt> & \"aus\"")));
}

void sendEvents(Caller& caller, XmlRpcValue const& id) {
  XmlRpcValue const address = text("MEQ0000001:1");
  XmlRpcValue const values[] = {true, 42, -2147483647, 22.5, text("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f \xe2\x82\xac"),
                                text("<&>'\""), text("")};
  for (XmlRpcValue const& value : values) caller.run("event", "event", list(id, address, text("VALUE"), value));
  XmlRpcValue calls = list();
  for (int i = 0; i < 1000; i++) calls[i] = call("event", list(id, address, text("LEVEL"), XmlRpcValue(i / 8.0)));
  caller.run("multicall", "system.multicall", list(calls));
}

void provokeFaults(Caller& caller, XmlRpcValue const& id) {
  caller.run("unknown", "unheardOf", list(id));
  caller.run("arity", "event", list(id));
  caller.run("ownFault", "refuse", list(id));
  caller.run("mixed", "system.multicall",
             list(list(call("event", list(id, text("MEQ0000001:1"), text("STATE"), true)), call("unheardOf", list()),
                       call("refuse", list()), call("system.multicall", list(list())), call("listDevices", list(id)))));
}

void exchangeValues(Caller& caller) {
  XmlRpcValue nested;
  nested["empty"] = text("");
  nested["list"] = list(list(), 1, list(text(""), text("x")));
  nested["none"] = text(" ");
  nested["\xc3\xa4"] = 0.1;
  caller.run("echo", "echo", list(nested));
  caller.run("values", "values", list(1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: xmlrpcpp_client PORT PATH INTERFACE_ID" << std::endl;
    return 2;
  }
  Caller caller(std::atoi(argv[1]), argv[2]);
  XmlRpcValue const id = text(argv[3]);
  callAllFunctions(caller, id);
  sendEvents(caller, id);
  provokeFaults(caller, id);
  exchangeValues(caller);
  return 0;
}
