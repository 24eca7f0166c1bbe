/** Where chats are found: the second is the address that older clients know. */
export type ChatBase = '/chat' | '/conversations'
