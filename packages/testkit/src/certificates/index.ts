export {
  certificateAuthority,
  CertificateAuthority,
  type Certificate,
  type CertificateOptions,
  type Validity,
} from './certificate-authority.ts'
