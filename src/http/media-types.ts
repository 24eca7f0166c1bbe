/** RFC 9512, and what people sent before it. */
export const YAML_MEDIA_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'] as const

/** Server-sent events. */
export const EVENT_STREAM_TYPE = 'text/event-stream'
