// The translator of the Gurux library for Java; tasks and answers as in gurux_xml.py. Run as a source file.

import gurux.dlms.GXDLMSTranslator;
import gurux.dlms.TranslatorOutputType;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

public class GuruxXml {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                System.out.println("ok " + answer(line.split(" ")));
            } catch (Exception error) {
                System.out.println("error " + error.toString().replaceAll("\\s+", " "));
            }
        }
    }

    private static String answer(String[] words) throws Exception {
        boolean simple = words[1].equals("simple");
        GXDLMSTranslator translator = new GXDLMSTranslator(
            simple ? TranslatorOutputType.SIMPLE_XML : TranslatorOutputType.STANDARD_XML);
        translator.setHex(true);
        if (words[0].equals("to")) {
            return hex(translator.pduToXml(words[2]).getBytes(StandardCharsets.UTF_8));
        }
        return hex(translator.xmlToPdu(new String(unhex(words[2]), StandardCharsets.UTF_8)));
    }

    private static byte[] unhex(String text) {
        byte[] octets = new byte[text.length() / 2];
        for (int i = 0; i < octets.length; i++) {
            octets[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
        }
        return octets;
    }

    private static String hex(byte[] octets) {
        StringBuilder text = new StringBuilder();
        for (byte octet : octets) {
            text.append(String.format("%02x", octet));
        }
        return text.toString();
    }
}
