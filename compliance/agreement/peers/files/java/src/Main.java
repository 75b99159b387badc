import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** What the peers share that are run by "serve" or by "drive URL AGENT". */
final class Main {
    static final int MAX_MESSAGE = 32 << 20;

    private Main() { }

    /** Connects once, echoes if told to, and returns the last text when the connection is over. */
    interface Client {
        String run(String url, boolean answer) throws Exception;
    }

    /** Ends the process when its standard input does. */
    static void endWithInput() {
        Thread thread = new Thread(() -> {
            try {
                System.in.readAllBytes();
            } catch (IOException e) {
                // It has ended too.
            }
            Runtime.getRuntime().halt(0);
        });
        thread.setDaemon(true);
        thread.start();
    }

    static void listening(int port) {
        System.out.println("listening " + port);
        System.out.flush();
    }

    /** Has a client go through all cases of a fuzzing server, and ends the process. */
    static void drive(String base, String agent, Client client) throws Exception {
        int count = Integer.parseInt(client.run(base + "/getCaseCount", false));
        String query = "agent=" + URLEncoder.encode(agent, StandardCharsets.UTF_8);
        for (int n = 1; n <= count; n++) {
            client.run(base + "/runCase?case=" + n + "&" + query, true);
        }
        client.run(base + "/updateReports?" + query, true);
        Runtime.getRuntime().halt(0);
    }
}
