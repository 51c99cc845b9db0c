import { serveThread, webThreadPort } from "@millrace/toolkit";

serveThread(webThreadPort(globalThis));
