import { integer, list, text, toggle, type ValuesOf } from "./arguments/flag.ts";

/** Where a registry keeps what it has: the same for every command that works on it. */
const storageFlags = {
  "data-root": text("Folder for blobs, uploads and keys (default /var/lib/dhow-registry)", { value: "path" }),
  "gc-grace": text("How long what nothing names is left alone (default 1h)", { value: "duration" }),
  "gc-untagged": toggle("Let garbage collection also take manifests that no tag leads to"),
  "s3-endpoint": text("Where the bucket is, if not at Amazon", { value: "url" }),
  "s3-region": text("Region of the bucket (default: what the environment says)", { value: "name" }),
  "s3-virtual-hosts": toggle("Ask BUCKET.ENDPOINT instead of ENDPOINT/BUCKET"),
  storage: text("Keep images in a bucket, s3://BUCKET/PREFIX, instead of in the folder", { value: "url" }),
};

export const registryCollectFlags = storageFlags;

export const registryServeFlags = {
  ...storageFlags,
  addr: list("Address to listen on (default 127.0.0.1:5000)", { value: "host:port" }),
  auth: text("Who may do something: none, htpasswd (Basic) or token (default none)", { value: "kind" }),
  "gc-interval": text("Collect garbage this often; 0 is never (default 24h)", { value: "duration" }),
  htpasswd: text("File of users and their bcrypt hashes (htpasswd -B)", { value: "path" }),
  insecure: toggle("Listen without TLS, or without authentication, where others can reach it"),
  "max-blob-size": text("Largest blob that is taken (default 100g)", { value: "bytes" }),
  "max-uploads": integer("Open uploads of each user, or address (default 100)"),
  "metrics-addr": text("Serve Prometheus metrics here, over plain HTTP", { value: "host:port" }),
  policy: text("File that says who may do what with which repositories, and quotas", { value: "path" }),
  mirror: text("Be a mirror of this registry, by the names that its repositories have there", { value: "host" }),
  proxy: list("Fetch repositories below HOST/ (or NAME/) from this registry, and keep them", { value: "[name=]host" }),
  "proxy-credentials": text("Credentials for those, in a file such as docker's config.json", { value: "path" }),
  "public-url": text("Where clients see this registry, behind a proxy", { value: "url" }),
  quota: text("Bytes that a repository may hold, unless the policy file says otherwise", { value: "bytes" }),
  "rate-limit": integer("Requests a second of each address (default: any number)"),
  "tls-cert": text("Certificate, with its chain", { value: "path" }),
  "tls-client-ca": text("Let in only clients whose certificate this authority has signed", { value: "path" }),
  "tls-key": text("Key of the certificate", { value: "path" }),
  "token-service": text('Name of the service that tokens are for (default "dhow-registry")', { value: "name" }),
  "upload-expiry": text("Remove uploads that nobody has gone on with for so long (default 24h)", { value: "duration" }),
};

export type RegistryServeValues = ValuesOf<typeof registryServeFlags>;
export type RegistryCollectValues = ValuesOf<typeof registryCollectFlags>;
