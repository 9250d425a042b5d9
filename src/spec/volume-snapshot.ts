/** A volume's content at one moment, as the API tells of it. */
export interface VolumeSnapshot {
  /** SHA-256 of the archive, 64 hexadecimal digits. */
  readonly Id: string;
  readonly Volume: string;
  /** RFC 3339. */
  readonly CreatedAt: string;
  /** Bytes of the archive. */
  readonly Size: number;
  /** Bytes on disk that it added to what other snapshots had. */
  readonly AddedSize: number;
}
