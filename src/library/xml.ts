// The face `./xml`: messages as XML and back, in the two forms that DLMS translators write. Keys of protected messages are those
// of `./push`.

export {
  dataToXml,
  fromXml,
  toXml,
  XML_LIMITS,
  type FromXmlOptions,
  type ToXmlOptions,
  type XmlForm,
  type XmlMessage,
  type XmlNumbers,
} from '../core/xml';
