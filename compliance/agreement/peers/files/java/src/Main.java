import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** The parts that the peers share which run with "serve" or "drive URL AGENT". */
final class Main {
    static final int MAX_MESSAGE = 32 << 20;

    private Main() { }

    /** Connects once, echoes if answer is true, and returns the last text after the end. */
    interface Client {
        String run(String url, boolean answer) throws Exception;
    }

    /** Ends the process at EOF on its standard input. */
    static void endWithInput() {
        Thread thread = new Thread(() -> {
            try {
                System.in.readAllBytes();
            } catch (IOException e) {
                // The standard input has ended, too.
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

    /** Runs all cases of a fuzzing server with a client, and ends the process. */
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
