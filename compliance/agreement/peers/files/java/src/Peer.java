import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The setup and the report of an exchange, which exchange.go describes. The setup is the
 * only argument, a flat JSON object.
 */
final class Peer {
    private static final Pattern FIELD = Pattern.compile("\"(\\w+)\":(?:\"([^\"]*)\"|(\\w+))");

    String role = "";
    String url = "";
    int serverBits;
    int clientBits;
    boolean noTakeover;

    private final CountDownLatch ended = new CountDownLatch(1);
    private String extensions = "";
    private int code = 1006;
    private String reason = "";
    private String error = "";

    Peer(String[] args) {
        Matcher m = FIELD.matcher(args[0]);
        while (m.find()) {
            switch (m.group(1)) {
                case "role" -> role = m.group(2);
                case "url" -> url = m.group(2);
                case "serverBits" -> serverBits = Integer.parseInt(m.group(3));
                case "clientBits" -> clientBits = Integer.parseInt(m.group(3));
                case "noTakeover" -> noTakeover = Boolean.parseBoolean(m.group(3));
                default -> { }
            }
        }
    }

    boolean isClient() {
        return role.equals("client");
    }

    /** Prints where the server listens. */
    static void listens(int port) {
        System.out.println("{\"url\":\"ws://127.0.0.1:" + port + "/\"}");
        System.out.flush();
    }

    /** Records the Sec-WebSocket-Extensions field of the response. */
    synchronized void agreed(String extensions) {
        this.extensions = extensions == null ? "" : extensions;
    }

    /** Records the received close frame, or 1006 without one, and ends the connection. */
    synchronized void closed(int code, String reason) {
        this.code = code;
        this.reason = reason == null ? "" : reason;
        ended.countDown();
    }

    /** Records the first failure, with its causes. */
    synchronized void failed(Throwable t) {
        if (!error.isEmpty()) {
            return;
        }
        StringBuilder b = new StringBuilder();
        for (; t != null; t = t.getCause()) {
            b.append(t).append("; ");
        }
        error = b.toString();
    }

    /** Records a failure that has prevented or ended the connection. */
    void broken(Throwable t) {
        failed(t);
        ended.countDown();
    }

    /**
     * Waits for the end of the connection, and then for EOF on the standard input. The tests
     * close it after they have seen the end of the connection, so no data is cut off.
     */
    void await() throws InterruptedException, IOException {
        ended.await();
        System.in.readAllBytes();
    }

    /** Prints the report and ends the process with all of its threads. */
    synchronized void report() {
        System.out.println("{\"extensions\":" + quote(extensions) + ",\"code\":" + code
            + ",\"reason\":" + quote(reason) + ",\"error\":" + quote(error) + "}");
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String quote(String s) {
        StringBuilder b = new StringBuilder("\"");
        for (char c : s.toCharArray()) {
            if (c < ' ' || c == '"' || c == '\\') {
                b.append(String.format("\\u%04x", (int) c));
            } else {
                b.append(c);
            }
        }
        return b.append('"').toString();
    }
}
