import gurux.dlms.GXDLMSConnectionEventArgs;
import gurux.dlms.GXDateTime;
import gurux.dlms.ValueEventArgs;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.MethodAccessMode;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.enums.SourceDiagnostic;
import gurux.dlms.enums.Unit;
import gurux.dlms.objects.GXDLMSClock;
import gurux.dlms.objects.GXDLMSData;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.objects.GXDLMSRegister;
import gurux.dlms.secure.GXDLMSSecureServer;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Date;

/**
 * A meter served by the Gurux Java library: an independent peer for tests, a program of its own.
 *
 * It listens on two free ports of the loopback interface (HDLC over TCP, wrapper) and prints "hdlc PORT wrapper PORT".
 * Clients: 16 without authentication, 17 with the password, 1 with GMAC and the keys below. It ends when its input ends.
 */
public final class JavaMeter extends GXDLMSSecureServer {
    private static final byte[] PASSWORD = "interop-low".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SYSTEM_TITLE = "JMT00001".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ENCRYPTION_KEY = octets(0x50);
    private static final byte[] AUTHENTICATION_KEY = octets(0x90);
    /** 2026-01-01T00:00:00Z */
    private static final long FIRST_ROW = 1767225600000L;
    private static final int ROWS = 96;

    private JavaMeter(InterfaceType framing) {
        super(true, framing);
        setMaxReceivePDUSize(1024);
        getCiphering().setSystemTitle(SYSTEM_TITLE);
        getCiphering().setBlockCipherKey(ENCRYPTION_KEY);
        getCiphering().setAuthenticationKey(AUTHENTICATION_KEY);
        getCiphering().setInvocationCounter(100);
        GXDLMSData name = new GXDLMSData("0.0.42.0.0.255");
        name.setValue("JMT0000000000001".getBytes(StandardCharsets.US_ASCII));
        name.setDataType(2, DataType.OCTET_STRING);
        GXDLMSClock clock = new GXDLMSClock("0.0.1.0.0.255");
        clock.setTime(new GXDateTime(new Date(FIRST_ROW)));
        GXDLMSRegister energy = new GXDLMSRegister("1.0.1.8.0.255");
        energy.setScaler(0.001);
        energy.setUnit(Unit.ACTIVE_ENERGY);
        energy.setValue(1234567L);
        energy.setDataType(2, DataType.UINT32);
        GXDLMSRegister voltage = new GXDLMSRegister("1.0.32.7.0.255");
        voltage.setScaler(0.1);
        voltage.setUnit(Unit.VOLTAGE);
        voltage.setValue(2304);
        voltage.setDataType(2, DataType.UINT16);
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric("1.0.99.1.0.255");
        profile.setProfileEntries(ROWS);
        profile.addCaptureObject(clock, 2, 0);
        profile.addCaptureObject(energy, 2, 0);
        profile.addCaptureObject(voltage, 2, 0);
        profile.setSortObject(clock);
        for (GXDLMSObject o : new GXDLMSObject[] {name, clock, energy, voltage, profile}) {
            getItems().add(o);
        }
        // Adds the association; a capture period set before this would add rows of its own.
        initialize();
        profile.setCapturePeriod(900);
        for (GXDLMSObject o : getItems()) {
            if (o.getObjectType() == ObjectType.ASSOCIATION_LOGICAL_NAME) {
                o.setMethodAccess(1, MethodAccessMode.ACCESS);
            }
        }
        for (int i = 0; i < ROWS; i++) {
            profile.addRow(new Object[] {new GXDateTime(new Date(FIRST_ROW + i * 900000L)), 1000000L + 7 * i, 2300 + i % 10});
        }
        profile.setEntriesInUse(ROWS);
    }

    private static byte[] octets(int first) {
        byte[] key = new byte[16];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (first + i);
        }
        return key;
    }

    @Override
    protected boolean isTarget(int server, int client) {
        return server == 1 && (client == 16 || client == 17 || client == 1);
    }

    @Override
    protected SourceDiagnostic validateAuthentication(Authentication authentication, byte[] password) {
        if (authentication == Authentication.LOW && !Arrays.equals(PASSWORD, password)) {
            return SourceDiagnostic.AUTHENTICATION_FAILURE;
        }
        return SourceDiagnostic.NONE;
    }

    @Override
    protected GXDLMSObject onFindObject(ObjectType type, int shortName, String logicalName) {
        return null;
    }

    @Override
    public void read(ValueEventArgs[] args) {
        // The objects hold their values themselves.
    }

    @Override
    protected void write(ValueEventArgs[] args) {
        // As above.
    }

    @Override
    protected void action(ValueEventArgs[] args) {
        // As above.
    }

    @Override
    protected void connected(GXDLMSConnectionEventArgs args) {
        // Nothing to prepare.
    }

    @Override
    protected void invalidConnection(GXDLMSConnectionEventArgs args) {
        // Stays silent.
    }

    @Override
    protected void disconnected(GXDLMSConnectionEventArgs args) {
        // Nothing to clean up.
    }

    private void serve(Socket socket) {
        byte[] chunk = new byte[4096];
        try (socket) {
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                byte[] reply = handleRequest(Arrays.copyOf(chunk, n));
                if (reply != null && reply.length > 0) {
                    out.write(reply);
                    out.flush();
                }
            }
        } catch (Exception e) {
            System.err.println(e);
        }
    }

    private static ServerSocket listen(InterfaceType framing) throws Exception {
        ServerSocket listener = new ServerSocket(0, 8, InetAddress.getByName("127.0.0.1"));
        Thread thread = new Thread(() -> {
            while (!listener.isClosed()) {
                try {
                    // A fresh meter for each connection, so that no test sees the state another left behind.
                    Socket socket = listener.accept();
                    new Thread(() -> new JavaMeter(framing).serve(socket)).start();
                } catch (Exception e) {
                    return;
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return listener;
    }

    public static void main(String[] args) throws Exception {
        ServerSocket hdlc = listen(InterfaceType.HDLC);
        ServerSocket wrapper = listen(InterfaceType.WRAPPER);
        System.out.println("hdlc " + hdlc.getLocalPort() + " wrapper " + wrapper.getLocalPort());
        while (System.in.read() >= 0) {
            continue;
        }
        hdlc.close();
        wrapper.close();
        System.exit(0);
    }
}
