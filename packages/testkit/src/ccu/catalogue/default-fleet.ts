/** A device that a fake CCU is to play. */
export interface DeviceSpec {
  /** A name in the catalogue, such as `HM-LC-Sw1-Pl`. */
  readonly type: string
  /** The serial number, such as `LEQ0000001`: 7 to 14 capital letters and digits. */
  readonly address: string
  /** What its owner calls it. Default: the type's label. */
  readonly name?: string
}

/** One of each kind, as a small household has them. */
export const DEFAULT_FLEET: readonly DeviceSpec[] = [
  { type: 'HM-LC-Sw1-Pl', address: 'LEQ0000001', name: 'Floor lamp' },
  { type: 'HM-LC-Dim1T-Pl', address: 'LEQ0000002', name: 'Ceiling light' },
  { type: 'HM-CC-RT-DN', address: 'LEQ0000003', name: 'Radiator' },
  { type: 'HM-Sec-SC-2', address: 'LEQ0000004', name: 'Kitchen window' },
  { type: 'HM-Sec-RHS', address: 'LEQ0000005', name: 'Balcony door' },
  { type: 'HM-LC-Bl1-FM', address: 'LEQ0000006', name: 'Blind' },
  { type: 'HM-ES-PMSw1-Pl', address: 'LEQ0000007', name: 'Washing machine' },
  { type: 'HM-WDS40-TH-I-2', address: 'LEQ0000008', name: 'Bathroom climate' },
  { type: 'HM-Sec-MDIR-2', address: 'LEQ0000009', name: 'Hall motion' },
  { type: 'HM-PB-2-WM55-2', address: 'LEQ0000010', name: 'Bedside button' },
]
