/** Any number that nobody else locks: the advisory lock of those who ask how many accounts or administrators there are. */
export const USER_LOCK = 5_901_743
