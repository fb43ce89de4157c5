// The documents that are measured, written by hand here so that no codec has a part in them.

const SETS = ['MASTER', 'VALUES', 'LINK']

function member(name, value) {
  return `<member>\n<name>${name}</name>\n${value}\n</member>\n`
}

const text = (value) => `<value><string>${value}</string></value>`
const int = (value) => `<value><int>${value}</int></value>`
const array = (values) => `<value><array><data>\n${values.map((value) => `${value}\n`).join('')}</data></array></value>`

/** One description, as CPython formats it, of a device (channel 0) or of one of its channels. */
function description(device, channel) {
  const address = `MEQ${String(device).padStart(7, '0')}`
  const isDevice = channel === 0
  const children = isDevice ? Array.from({ length: 8 }, (_, index) => text(`${address}:${index}`)) : []
  const members = [
    member('ADDRESS', text(isDevice ? address : `${address}:${channel}`)),
    member('AES_ACTIVE', int(0)),
    member('AVAILABLE_FIRMWARE', text('')),
    member('CHILDREN', array(children)),
    member('DIRECTION', int(1)),
    member('FIRMWARE', text('2.5')),
    member('FLAGS', int(1)),
    member('GROUP', text('')),
    member('INDEX', int(channel)),
    member('INTERFACE', text('OEQ0123456')),
    member('LINK_SOURCE_ROLES', text('KEYMATIC SWITCH')),
    member('LINK_TARGET_ROLES', text('WCS_TIPTRONIC_SENSOR')),
    member('PARAMSETS', array(SETS.map(text))),
    member('PARENT', text(isDevice ? '' : address)),
    member('PARENT_TYPE', text('HM-LC-Sw1-Pl')),
    member('RF_ADDRESS', int(2_345_678 + device)),
    member('ROAMING', int(0)),
    member('RX_MODE', int(11)),
    member('TEAM', text('')),
    member('TEAM_CHANNELS', array([])),
    member('TEAM_TAG', text('')),
    member('TYPE', text('HM-LC-Sw1-Pl-2')),
    member('UPDATABLE', int(1)),
    member('VERSION', int(19)),
  ]
  return `<value><struct>\n${members.join('')}</struct></value>`
}

function call(method, values) {
  const params = values.map((value) => `<param>\n${value}\n</param>\n`).join('')
  return Buffer.from(
    `<?xml version='1.0'?>\n<methodCall>\n<methodName>${method}</methodName>\n<params>\n${params}</params>\n</methodCall>\n`,
  )
}

/** A newDevices of `count` descriptions, pretty-printed as CPython does. */
export function newDevices(count) {
  const descriptions = Array.from({ length: count }, (_, index) => description(Math.floor(index / 9), index % 9))
  return call('newDevices', [text('BidCos-RF'), array(descriptions)])
}

/** An event in the compact form of the C++ side of a CCU. */
export function event() {
  const value = (content) => `<param><value>${content}</value></param>`
  const params = ['BidCos-RF', 'MEQ0123456:1', 'LEVEL', '<double>0.500000</double>'].map(value).join('')
  return Buffer.from(
    `<?xml version="1.0"?>\r\n<methodCall><methodName>event</methodName>\r\n<params>${params}</params></methodCall>\r\n`,
  )
}

/** A system.multicall of `count` events in the compact form. */
export function multicall(count) {
  const params =
    '<value><array><data><value>BidCos-RF</value><value>MEQ0123456:1</value><value>LEVEL</value><value><double>0.500000</double></value></data></array></value>'
  const one = `<value><struct><member><name>methodName</name><value>event</value></member><member><name>params</name>${params}</member></struct></value>`
  return call('system.multicall', [`<value><array><data>${one.repeat(count)}</data></array></value>`])
}
